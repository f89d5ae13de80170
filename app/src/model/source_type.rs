//! What kind of data a job backs up.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, FromRepr, IntoStaticStr, VariantArray};

/// A source type; log rows about the panel itself carry `SYSTEM`. The number is what the database stores.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    FromRepr,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE", ascii_case_insensitive)]
#[repr(u8)]
pub enum SourceType {
    System = 0,
    Files = 1,
    Mysql = 2,
    Oracle = 3,
    Mssql = 4,
    Hana = 5,
    Vm = 6,
    Nas = 7,
    Oss = 8,
    Other = 9,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_for_serde_and_for_query_strings() {
        for source_type in SourceType::VARIANTS {
            let json = serde_json::to_value(source_type).unwrap();
            assert_eq!(json, serde_json::Value::String(source_type.to_string()));
            assert_eq!(source_type.to_string().to_lowercase().parse(), Ok(*source_type));
        }
    }
}
