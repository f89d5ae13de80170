//! Figures as people read them: sizes in binary units, durations, counts. Pure, and the same on both sides.

/// `0 B`, `1.5 KiB`, `4.0 GiB`.
pub fn size(bytes: i64) -> String {
    if bytes < 1024 {
        return format!("{} B", bytes.max(0));
    }
    let mut tenths = i128::from(bytes) * 10;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        // What would round to 1024.0 is 1.0 of the next unit.
        if tenths < 10_240 {
            break;
        }
        tenths = (tenths + 512) / 1024;
        unit = next;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// `12.0 MiB/s`.
pub fn speed(bytes_per_second: i64) -> String {
    format!("{}/s", size(bytes_per_second))
}

/// The two largest units: `12 s`, `3 m 07 s`, `1 h 04 m`, `2 d 05 h`. Negative durations count as none.
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if days > 0 {
        format!("{days} d {:02} h", hours % 24)
    } else if hours > 0 {
        format!("{hours} h {:02} m", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes} m {:02} s", seconds % 60)
    } else {
        format!("{seconds} s")
    }
}

/// The largest unit alone, for ages: `12 s ago`, `3 m ago`, `5 h ago`, `2 d ago`; `just now` under a second or ahead of us.
pub fn ago(millis: i64) -> String {
    match millis / 1000 {
        ..1 => "just now".to_owned(),
        seconds @ 1..60 => format!("{seconds} s ago"),
        seconds @ 60..3600 => format!("{} m ago", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h ago", seconds / 3600),
        seconds => format!("{} d ago", seconds / 86_400),
    }
}

/// With a comma between thousands: `48,210`.
pub fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        grouped.push('−');
    }
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 row`, `2 rows`.
pub fn rows(number: i64) -> String {
    format!("{} {}", count(number), if number == 1 { "row" } else { "rows" })
}

/// `1 server`, `2 servers`.
pub fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(i64::try_from(number).unwrap_or(i64::MAX)), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_change_unit_before_they_round_up_to_1024() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1_048_575, "1.0 MiB"),
            (1_048_576, "1.0 MiB"),
            (5_583_457_484, "5.2 GiB"),
            (i64::MAX, "8192.0 PiB"),
        ] {
            assert_eq!(size(bytes), shown, "{bytes}");
        }
    }

    #[test]
    fn durations_show_two_units() {
        for (seconds, shown) in [
            (-5, "0 s"),
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 m 00 s"),
            (187, "3 m 07 s"),
            (3840, "1 h 04 m"),
            (86_399, "23 h 59 m"),
            (190_800, "2 d 05 h"),
        ] {
            assert_eq!(duration(seconds), shown, "{seconds}");
        }
    }

    #[test]
    fn ages_show_one_unit() {
        for (millis, shown) in [
            (-900, "just now"),
            (999, "just now"),
            (14_300, "14 s ago"),
            (3_599_999, "59 m ago"),
            (7_200_000, "2 h ago"),
            (900_000_000, "10 d ago"),
        ] {
            assert_eq!(ago(millis), shown, "{millis}");
        }
    }

    #[test]
    fn thousands_are_grouped() {
        for (number, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (48_210, "48,210"), (-1_234_567, "−1,234,567")] {
            assert_eq!(count(number), shown);
        }
        assert_eq!(rows(1), "1 row");
        assert_eq!(rows(1001), "1,001 rows");
    }
}
