//! Scalars that JSON and protobuf write differently: times, quantities, integers or strings.

use std::fmt;

use chrono::{DateTime, SubsecRound, Utc};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::domain::{Cpu, Memory, Timestamp};

/// A moment: RFC 3339 in JSON, seconds and nanoseconds in protobuf.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Time {
    #[prost(int64, tag = "1")]
    pub(crate) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(crate) nanos: i32,
}

impl Time {
    /// `None` for Go's zero time, which protobuf writes as an empty message.
    pub(crate) fn moment(self) -> Option<Timestamp> {
        if self == Self::default() {
            return None;
        }
        DateTime::<Utc>::from_timestamp(self.seconds, u32::try_from(self.nanos).unwrap_or(0))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rfc3339;
        impl Visitor<'_> for Rfc3339 {
            type Value = Time;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                let moment = DateTime::parse_from_rfc3339(text)
                    .map_err(|_| E::custom("not an RFC 3339 time"))?
                    .trunc_subsecs(6);
                Ok(Time {
                    seconds: moment.timestamp(),
                    nanos: moment.timestamp_subsec_nanos() as i32,
                })
            }
        }
        deserializer.deserialize_str(Rfc3339)
    }
}

/// An amount as Kubernetes writes it; JSON may hold a bare number.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Quantity {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
}

impl Quantity {
    pub(crate) fn cpu(&self) -> Option<Cpu> {
        Cpu::parse(&self.text)
    }

    pub(crate) fn memory(&self) -> Option<Memory> {
        Memory::parse(&self.text)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrNumber).map(|text| Self { text })
    }
}

/// A count or a percentage.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct IntOrString {
    #[prost(int64, tag = "1")]
    pub(crate) kind: i64,
    #[prost(int32, tag = "2")]
    pub(crate) number: i32,
    #[prost(string, tag = "3")]
    pub(crate) text: String,
}

impl IntOrString {
    /// As it was written.
    pub(crate) fn written(&self) -> String {
        if self.kind == 1 {
            self.text.clone()
        } else {
            self.number.to_string()
        }
    }
}

impl<'de> Deserialize<'de> for IntOrString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = IntOrString;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer or a string")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<IntOrString, E> {
                Ok(IntOrString {
                    number: i32::try_from(number).map_err(|_| E::custom("integer out of range"))?,
                    ..IntOrString::default()
                })
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<IntOrString, E> {
                self.visit_i64(i64::try_from(number).map_err(|_| E::custom("integer out of range"))?)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<IntOrString, E> {
                Ok(IntOrString {
                    kind: 1,
                    number: 0,
                    text: text.to_owned(),
                })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Reads a string, or a number as the string it would be.
pub(crate) struct TextOrNumber;

impl Visitor<'_> for TextOrNumber {
    type Value = String;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a number")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_a_quantity_read() {
        for (json, text) in [("\"500m\"", "500m"), ("2", "2"), ("0.5", "0.5")] {
            assert_eq!(serde_json::from_str::<Quantity>(json).unwrap().text, text);
        }
        assert!(serde_json::from_str::<Quantity>("[]").is_err());
    }

    #[test]
    fn counts_and_percentages_read_as_written() {
        for (json, written) in [("3", "3"), ("\"25%\"", "25%")] {
            assert_eq!(serde_json::from_str::<IntOrString>(json).unwrap().written(), written);
        }
        assert!(serde_json::from_str::<IntOrString>("99999999999").is_err());
    }

    #[test]
    fn a_time_keeps_its_microseconds_and_zero_is_no_time() {
        let time: Time = serde_json::from_str("\"2026-01-02T03:04:05.678901Z\"").unwrap();
        assert_eq!(time.moment().unwrap().to_rfc3339(), "2026-01-02T03:04:05.678901+00:00");
        assert_eq!(Time::default().moment(), None);
        assert!(serde_json::from_str::<Time>("\"yesterday\"").is_err());
    }
}
