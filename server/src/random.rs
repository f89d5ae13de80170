//! Randomness from the operating system.

/// Random bytes.
///
/// # Panics
/// Where the system has none, since nothing could be safe then.
#[expect(clippy::expect_used, reason = "without randomness no token could be trusted")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A random text of `2 * count` hexadecimal digits, `count` at most 32.
pub fn hex(count: usize) -> String {
    hex_of(&bytes::<32>()[..count.min(32)])
}

/// Bytes as hexadecimal digits.
pub fn hex_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect()
}

/// A random secret that people copy by hand: groups of four letters and digits that are not mistaken for each other, five bits
/// each.
pub fn groups_of_four(groups: usize) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let four = |_| bytes::<4>().iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect::<String>();
    (0..groups).map(four).collect::<Vec<_>>().join("-")
}

/// A number in 0..1.
pub fn fraction() -> f64 {
    f64::from(u32::from_le_bytes(bytes::<4>())) / f64::from(u32::MAX)
}
