use schakelpunt_domain::catalogue::Catalogue;
use schakelpunt_review::MadeUp;

use super::*;
use crate::assets;

/// An invitation of a care partner by a municipality, by the shipped rules.
fn invited(more: &str) -> Explained {
    let catalogue = Catalogue::load().unwrap();
    let rules = assets::rules(None, &catalogue).unwrap();
    let head = "event = \"care-partner-invited\"\nsender = \"responsible-municipality\"\nrecipient = \"care-partner\"\n";
    let case: MadeUp = toml::from_str(&format!("{head}{more}")).unwrap();
    case.ask(&rules, &catalogue, "2024-09-12T10:00:00Z".parse().unwrap(), super::case).unwrap()
}

#[test]
fn a_permit_names_its_articles_and_facts() {
    let given = invited("consent = \"valid\"");
    assert!(given.permitted);
    assert_eq!(
        given.json["facts"],
        json!({"sender": ["responsible-municipality"], "kind": "care-partner", "consent": "valid", "signals": []})
    );
    let articles = given.json["articles"].as_array().unwrap();
    assert!(!articles.is_empty() && articles.iter().all(|article| given.text.contains(article.as_str().unwrap())), "{}", given.text);
    assert!(given.text.starts_with("    ✔ care-partner\n") && !given.text.contains("lawful if"), "{}", given.text);
}

#[test]
fn a_refusal_names_what_may_be_asked_for_first() {
    let refused = invited("");
    assert!(!refused.permitted && refused.json.get("articles").is_none());
    let found = refused.json["wouldBeLawful"].as_array().unwrap();
    assert_eq!(found[0]["mayBeAskedFor"], json!(true), "{found:?}");
    assert!(found[0]["changes"][0].as_str().unwrap().starts_with("the person consented to "), "{found:?}");
    let told: Vec<_> = refused.text.lines().filter(|line| line.trim_start().starts_with("lawful if")).collect();
    assert_eq!(told.len(), found.len(), "{}", refused.text);
}

#[test]
fn a_consent_that_was_taken_back_is_marked() {
    let refused = invited("consent = \"withdrawn\"");
    assert_eq!(refused.json["facts"]["consent"], json!("withdrawn"));
    let found = refused.json["wouldBeLawful"].as_array().unwrap();
    assert!(!found.is_empty() && found.iter().all(|one| one["mayBeAskedFor"] == json!(false)), "{found:?}");
    assert!(refused.text.contains("do not ask:    the person took the consent back"), "{}", refused.text);
}
