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
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let nibbles = bytes::<32>().into_iter().take(count).flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect()
}

/// A number in 0..1.
pub fn fraction() -> f64 {
    f64::from(u32::from_le_bytes(bytes::<4>())) / f64::from(u32::MAX)
}
