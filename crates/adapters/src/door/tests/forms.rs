//! Whatever is asked, an answer that is no success has the one form.

use super::*;

#[tokio::test]
async fn what_the_framework_refuses_has_the_form_of_every_other_problem() {
    let rig = Rig::new().await;
    let cases = [
        (Method::GET, "v1/elsewhere", 404, "not_found"),
        (Method::GET, "v1/events/%FF", 404, "not_found"),
        (Method::GET, "notificaties/api/v1/abonnement/%FF", 404, "not_found"),
        (Method::POST, "v1/events", 405, "method_not_allowed"),
        (Method::DELETE, "notificaties/api/v1/abonnement", 405, "method_not_allowed"),
        (Method::POST, "notificaties/api/v1/abonnement", 413, "too_large"),
    ];
    for (method, path, status, code) in cases {
        let large = if status == 413 { " ".repeat(BODY_MAX + 1) } else { String::new() };
        let answer = rig.call("suite", method.clone(), path).body(large).send().await.unwrap();
        assert_eq!((path, answer.status().as_u16()), (path, status));
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{method} {path}");
        assert_eq!(answer.headers().contains_key("allow"), status == 405, "{method} {path}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], code, "{method} {path}");
    }
}

#[test]
fn values_without_their_names_are_no_subscription() {
    let would_tell = |body: Value| would_tell(body.to_string().as_bytes(), "plan-ready", "plans");
    let named = json!({ "callbackUrl": "https://callback.example/", "auth": AUTH, "kanalen": [{ "naam": "schakelpunt" }] });
    assert_eq!(would_tell(named), Some(true));
    assert_eq!(would_tell(json!(["https://callback.example/", AUTH, [{ "naam": "schakelpunt" }]])), None);
    assert_eq!(would_tell(json!({ "callbackUrl": "https://callback.example/", "auth": AUTH, "kanalen": [["schakelpunt"]] })), None);
}
