//! Events, with the fields of `events.k8s.io` that the core kind carries as well.

use super::meta::ObjectMeta;
use super::scalar::Time;
use super::wire;

wire! {
    Event {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
        [message, optional, tag = "2"] involved_object: Option<ObjectReference>,
        [string, tag = "3"] reason: String,
        [string, tag = "4"] message: String,
        [message, optional, tag = "5"] source: Option<EventSource>,
        [message, optional, tag = "6"] first_timestamp: Option<Time>,
        [message, optional, tag = "7"] last_timestamp: Option<Time>,
        [int32, tag = "8"] count: i32,
        #[serde(rename = "type")]
        [string, tag = "9"] kind: String,
        #[serde(rename = "eventTime")]
        [message, optional, tag = "10"] micro_time: Option<Time>,
        [message, optional, tag = "11"] series: Option<Series>,
        [string, tag = "14"] reporting_component: String,
    }
    ObjectReference {
        [string, tag = "1"] kind: String,
        [string, tag = "2"] namespace: String,
        [string, tag = "3"] name: String,
        [string, tag = "4"] uid: String,
    }
    EventSource {
        [string, tag = "1"] component: String,
    }
    Series {
        [int32, tag = "1"] count: i32,
        [message, optional, tag = "2"] last_observed_time: Option<Time>,
    }
}
