use super::*;

#[test]
fn a_mistake_in_the_settings_has_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let application = format!("[[application]]\nclient-id = \"suite\"\nsecret = \"{SECRET}\"\n");
    let whole = format!("listen = \"127.0.0.1:0\"\naddress = \"http://a.example/\"\n{application}");
    let error = |text: &str| {
        let clock = Arc::new(SetClock(Mutex::new(Timestamp::UNIX_EPOCH)));
        Door::open("messages.door", &toml::from_str(text).unwrap(), folder.path(), clock).map(drop).unwrap_err().to_string()
    };
    let cases = [
        (whole.replace("a.example/", "a.example/x"), "messages.door.address"),
        (whole.replace(SECRET, "short"), "messages.door.application.secret"),
        (whole.replace("\"suite\"", "\"\""), "messages.door.application"),
        (format!("days = 0\n{whole}"), "messages.door.days"),
        (format!("{whole}[[allow]]\nhost = \"*\"\n"), "messages.door.allow[0].host"),
    ];
    for (text, key) in cases {
        assert!(error(&text).starts_with(&format!("{key}: ")), "{}", error(&text));
    }
}
