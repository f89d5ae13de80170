//! Randomness from the operating system.

/// Random bytes. Panics where the system has none, since nothing could be safe then.
#[expect(clippy::expect_used, reason = "without randomness no token could be trusted")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A random text of `2 * bytes` hexadecimal digits, `bytes` at most 32.
pub fn hex(count: usize) -> String {
    bytes::<32>().iter().take(count).map(|byte| format!("{byte:02x}")).collect()
}

/// A number in 0..1.
pub fn fraction() -> f64 {
    f64::from(u32::from_le_bytes(bytes::<4>())) / f64::from(u32::MAX)
}
