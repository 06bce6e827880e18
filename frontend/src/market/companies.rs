//! What the companies are called.

use demo_contract::market::COMPANIES;

use crate::i18n::Lang;

/// The name of the company behind a symbol; empty for one that was not heard of.
#[must_use]
pub(super) fn name(symbol: &str, lang: Lang) -> &'static str {
    match lang {
        Lang::En => {
            COMPANIES.iter().find(|company| company.symbol == symbol).map_or("", |company| company.name)
        }
        Lang::Zh => chinese(symbol),
    }
}

fn chinese(symbol: &str) -> &'static str {
    match symbol {
        "ACME" => "顶点火箭",
        "BORE" => "北风能源",
        "CIRR" => "卷云科技",
        "DELV" => "深掘矿业",
        "ELMS" => "榆树街银行",
        "FJRD" => "峡湾航运",
        "GRVL" => "砾石父子",
        "HZEL" => "榛果食品",
        "IGLU" => "冰屋制冷",
        "JUNO" => "朱诺制药",
        "KELP" => "海藻电池",
        "LIME" => "聚光剧院",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_company_has_a_name_in_either_language() {
        for company in COMPANIES {
            for lang in [Lang::En, Lang::Zh] {
                assert_ne!(name(company.symbol, lang), "", "{}", company.symbol);
            }
        }
        assert_eq!(name("NONE", Lang::En), "");
    }
}
