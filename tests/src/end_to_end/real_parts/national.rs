//! Five hundred detentions in one go, every delivery checked against an expectation that is worked out without our crates.

use std::time::Duration;

use crate::{
    end_to_end::process::Site,
    parts::{postgres::Database, rabbitmq::Version},
};

#[tokio::test]
async fn five_hundred_detentions() {
    let database = Database::fresh();
    let site = Site::new(Version::Three.addresses().unwrap(), &database, None);
    let _hub = site.serve().await;
    site.python("national.py", &["--count", "500", "--seconds", "180"], &[]).await;
    site.at_rest(Duration::from_secs(30)).await;
}
