//! The detail of a row as it is stored: zlib.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::MAX_DETAIL_BYTES;

/// Compresses a detail.
pub fn compress(text: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    match encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()) {
        Ok(bytes) => bytes,
        Err(_) => unreachable!("writing to memory does not fail"),
    }
}

/// Reads a stored detail back. Damaged bytes are an error, never an empty detail.
pub fn decompress(bytes: &[u8]) -> std::io::Result<String> {
    let mut text = String::new();
    // Twice the longest detail: whatever claims to be longer is not ours.
    ZlibDecoder::new(bytes).take(2 * MAX_DETAIL_BYTES as u64).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_comes_back_whole_and_damage_is_noticed() {
        let text = "rsync: write failed: No space left on device (28)\n".repeat(200);
        let bytes = compress(&text);
        assert!(bytes.len() < text.len() / 10);
        assert_eq!(decompress(&bytes).unwrap(), text);
        assert!(decompress(&bytes[..bytes.len() - 3]).is_err());
    }
}
