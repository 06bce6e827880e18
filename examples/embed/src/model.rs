use serde::{Deserialize, Serialize};

/// What the shop publishes, whatever the topic: JSON that names its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "@type")]
pub(crate) enum Update {
    Order(Order),
    Stock(Stock),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u32,
    pub(crate) article: String,
    pub(crate) status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Received,
    Packed,
    Sent,
    Delivered,
}

impl Status {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Packed => "packed",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stock {
    pub(crate) article: String,
    pub(crate) left: u32,
}

#[cfg(test)]
mod tests {
    use leptos_eventsource::{EventSet, Json};

    use super::*;

    #[test]
    fn the_shops_json_is_read() {
        let data = r#"{"@type":"Order","id":7,"article":"lamp","status":"packed"}"#;
        let order = Order { id: 7, article: "lamp".to_owned(), status: Status::Packed };
        assert_eq!(Json::decode("message", data), Ok(Json(Update::Order(order))));
        let data = r#"{"@type":"Stock","article":"lamp","left":3,"since":"today"}"#;
        let stock = Stock { article: "lamp".to_owned(), left: 3 };
        assert_eq!(Json::decode("message", data), Ok(Json(Update::Stock(stock))));
        assert!(Json::<Update>::decode("message", r#"{"@type":"Refund"}"#).is_err());
    }
}
