//! Azure Storage: what leads to which account, and what is said of what leads nowhere.

use std::time::Duration;

use super::{problem, settings, warnings, with};
use crate::settings::{BlobStore, Credentials, Identity, StorageAccount, TableStore};

const KEY: &str = "Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5";

fn connection_string(more: &str) -> String {
    format!("AccountName=site;AccountKey={KEY};{more}")
}

fn table_store(variables: &[(&str, &str)]) -> TableStore {
    settings(variables).table_store.unwrap()
}

fn by_connection_string(text: &str) -> (String, Option<String>) {
    let settings = settings(&[("TableStore__ConnectionString", text)]);
    let address = |account: StorageAccount| account.endpoint.to_string();
    (
        address(settings.table_store.unwrap().account),
        settings.blob_store.map(|blobs| address(blobs.account)),
    )
}

#[test]
fn a_connection_string_leads_to_tables_and_blobs() {
    for (text, tables, blobs) in [
        (
            connection_string("DefaultEndpointsProtocol=https;EndpointSuffix=core.windows.net"),
            "https://site.table.core.windows.net/",
            Some("https://site.blob.core.windows.net/"),
        ),
        (
            connection_string("EndpointSuffix=core.chinacloudapi.cn;"),
            "https://site.table.core.chinacloudapi.cn/",
            Some("https://site.blob.core.chinacloudapi.cn/"),
        ),
        (
            connection_string(
                "TableEndpoint=https://t.example.org/;BlobEndpoint=https://b.example.org",
            ),
            "https://t.example.org/",
            Some("https://b.example.org/"),
        ),
        (
            connection_string("TableEndpoint=http://127.0.0.1:10002/site"),
            "http://127.0.0.1:10002/site",
            None,
        ),
        (
            connection_string("tableendpoint=https://site.privatelink.table.core.windows.net"),
            "https://site.privatelink.table.core.windows.net/",
            Some("https://site.privatelink.blob.core.windows.net/"),
        ),
        (
            "UseDevelopmentStorage=true".to_owned(),
            "http://127.0.0.1:10002/devstoreaccount1",
            Some("http://127.0.0.1:10000/devstoreaccount1"),
        ),
        (
            "UseDevelopmentStorage=True;DevelopmentStorageProxyUri=http://azurite;".to_owned(),
            "http://azurite:10002/devstoreaccount1",
            Some("http://azurite:10000/devstoreaccount1"),
        ),
    ] {
        let expected = (tables.to_owned(), blobs.map(str::to_owned));
        assert_eq!(by_connection_string(&text), expected);
    }
}

#[test]
fn keys_and_signatures_get_in() {
    let keyed = table_store(&[("TableStore__ConnectionString", &connection_string(""))]);
    let Credentials::SharedKey { account, key } = keyed.account.credentials else {
        panic!("no key");
    };
    assert_eq!((account.as_str(), key.expose().as_str()), ("site", KEY));
    for text in [
        "AccountName=site;SharedAccessSignature=sv=2022-11-02&ss=bt&sig=a%2Bb%3D",
        "AccountName=site;SharedAccessSignature=?sv=2022-11-02&ss=bt&sig=a%2Bb%3D",
    ] {
        let signed = settings(&[("TableStore__ConnectionString", text)]);
        let account = signed.table_store.unwrap().account;
        let Credentials::Signature(signature) = &account.credentials else {
            panic!("no signature");
        };
        assert_eq!(signature.expose(), "sv=2022-11-02&ss=bt&sig=a%2Bb%3D");
        let blobs = signed.blob_store.unwrap().account;
        assert_eq!(blobs.credentials, account.credentials);
    }
}

#[test]
fn an_address_may_carry_a_signature_or_leave_it_to_an_identity() {
    let signed = table_store(&[(
        "TableStore__EndpointUri",
        "https://site.table.core.windows.net/?tn=sync&sig=canary",
    )]);
    assert_eq!(signed.account.endpoint.query(), None);
    assert!(matches!(
        signed.account.credentials,
        Credentials::Signature(_)
    ));
    let address = (
        "TableStore__EndpointUri",
        "https://site.table.core.windows.net",
    );
    let client_of = |variables: &[(&str, &str)]| {
        let account = table_store(&[&[address], variables].concat()).account;
        let Credentials::Identity(Identity { client_id, .. }) = account.credentials else {
            panic!("no identity");
        };
        client_id
    };
    let platform = ("AZURE_CLIENT_ID", "from-platform");
    assert_eq!(client_of(&[]), None);
    assert_eq!(client_of(&[platform]).as_deref(), Some("from-platform"));
    let set = ("TableStore__ClientId", "set");
    assert_eq!(client_of(&[platform, set]).as_deref(), Some("set"));
}

#[test]
fn a_pod_with_a_workload_identity_is_known_by_its_variables() {
    let store = table_store(&[
        (
            "TableStore__EndpointUri",
            "https://site.table.core.windows.net",
        ),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token"),
    ]);
    let Credentials::Identity(identity) = store.account.credentials else {
        panic!("no identity");
    };
    assert_eq!(identity.workload.unwrap().tenant_id, "tenant");
}

#[test]
fn blobs_follow_the_tables_unless_they_have_settings_of_their_own() {
    let address = (
        "TableStore__EndpointUri",
        "https://site.table.core.windows.net",
    );
    let table_client = ("TableStore__ClientId", "tables");
    let blobs = |variables: &[(&str, &str)]| -> BlobStore {
        let settings = settings(&[&[address, table_client], variables].concat());
        settings.blob_store.unwrap()
    };
    let client = |store: BlobStore| match store.account.credentials {
        Credentials::Identity(identity) => identity.client_id,
        _ => None,
    };
    let following = blobs(&[]);
    assert_eq!(following.container, "radcast");
    assert_eq!(client(following).as_deref(), Some("tables"));
    let own_client = blobs(&[("BlobStore__ClientId", "blobs")]);
    assert_eq!(client(own_client).as_deref(), Some("blobs"));
    let elsewhere = blobs(&[
        (
            "BlobStore__EndpointUri",
            "https://other.blob.core.windows.net",
        ),
        ("BlobStore__Container", "leases"),
    ]);
    let host = elsewhere.account.endpoint.host_str();
    assert_eq!(host, Some("other.blob.core.windows.net"));
    assert_eq!(elsewhere.container, "leases");
    let keyed = blobs(&[("BlobStore__ConnectionString", &connection_string(""))]);
    assert!(matches!(
        keyed.account.credentials,
        Credentials::SharedKey { .. }
    ));
}

#[test]
fn a_connection_string_that_leads_nowhere_is_a_problem_that_tells_no_secret() {
    for (text, told) in [
        ("canary", "its parts are Key=Value"),
        ("AccountName=site;AccountKey=canary!", "not complete"),
        (&format!("AccountKey={KEY}"), "without AccountName"),
        (
            "AccountName=site",
            "neither AccountKey nor SharedAccessSignature",
        ),
        (
            &connection_string("SharedAccessSignature=sig=canary"),
            "leave one of the two",
        ),
        (&connection_string("AccountName=canary"), "a key twice"),
        (
            &connection_string("TableEndpoint=canary"),
            "has an endpoint that is no address",
        ),
        ("SharedAccessSignature=sig=canary", "names no table service"),
        (
            "AccountName=site;SharedAccessSignature=canary",
            "no shared access signature",
        ),
        (
            &connection_string("DefaultEndpointsProtocol=canary"),
            "DefaultEndpointsProtocol",
        ),
        (
            &format!("AccountName=canary/x;AccountKey={KEY}"),
            "AccountName that is none",
        ),
    ] {
        let unusable = with(&[("TableStore__ConnectionString", text)]).unwrap_err();
        let shown = unusable.to_string();
        assert!(shown.contains(told), "{shown}");
        assert!(shown.contains("TableStore:ConnectionString"), "{shown}");
        for secret in ["canary", KEY, "Y2Fu"] {
            assert!(!format!("{shown}{unusable:?}").contains(secret), "{shown}");
        }
    }
}

#[test]
fn an_address_that_leads_nowhere_is_a_problem_that_tells_no_secret() {
    for (address, told) in [
        ("site?sig=canary", "such as https://account.table"),
        ("ftp://site?sig=canary", "such as https://account.table"),
        ("https://site/?canary=1", "no shared access signature"),
        ("https://user:canary@site/", "holds a user name"),
    ] {
        let shown = problem(&[("TableStore__EndpointUri", address)]);
        assert!(shown.contains(told), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[test]
fn no_secret_is_in_what_debugging_shows() {
    let text = "AccountName=site;SharedAccessSignature=ss=bt&sig=canary";
    for variables in [
        [("TableStore__ConnectionString", text)],
        [(
            "TableStore__EndpointUri",
            "https://a.table.b?ss=bt&sig=canary",
        )],
        [("TableStore__ConnectionString", &connection_string(""))],
    ] {
        let settings = settings(&variables);
        assert!(settings.blob_store.is_some());
        let shown = format!("{settings:?}");
        assert!(!shown.contains("canary") && !shown.contains(KEY), "{shown}");
    }
}

#[test]
fn without_a_table_store_nothing_is_guessed() {
    let settings = settings(&[("TableStore__ConnectionString", "  ")]);
    assert_eq!(settings.table_store, None);
    assert_eq!((settings.lease, settings.archive), (None, false));
}

#[test]
fn a_prefix_has_to_make_names_of_tables() {
    let with_prefix = |prefix| {
        let string = connection_string("");
        let both = [
            ("TableStore__ConnectionString", string.as_str()),
            ("TableStore__TableNamePrefix", prefix),
        ];
        with(&both).map(|loaded| loaded.settings)
    };
    let site = with_prefix("Site2").unwrap();
    assert_eq!(site.table_store.unwrap().table_name_prefix, "Site2");
    assert_eq!(site.lease.unwrap().blob_name, "Site2lease");
    let longest = "a".repeat(33);
    assert!(with_prefix(&longest).is_ok());
    for refused in ["2site", "my-site", "site_", "größe", &"a".repeat(34)] {
        assert!(with_prefix(refused).is_err(), "{refused}");
    }
}

#[test]
fn a_container_has_to_have_a_containers_name() {
    for refused in [
        "Radcast",
        "ab",
        "-radcast",
        "radcast-",
        "rad--cast",
        "rad_cast",
    ] {
        let shown = problem(&[("BlobStore__Container", refused)]);
        assert!(shown.contains("single hyphens"), "{shown}");
    }
    assert!(with(&[("BlobStore__Container", "rad-cast-2")]).is_ok());
}

#[test]
fn a_blob_of_the_lease_has_to_have_a_blobs_name() {
    let long = "a".repeat(255);
    for refused in [
        "a b", "a?b", "a#b", "a%2Fb", "/a", "a/", "a//b", "..", "a/../b", "a.", "a\\b", &long,
    ] {
        let shown = problem(&[("Lease__BlobName", refused)]);
        assert!(shown.contains("Lease:BlobName"), "{shown}");
        assert!(shown.contains("single slashes"), "{shown}");
    }
    assert!(with(&[("Lease__BlobName", "site-1/lease_a.v2")]).is_ok());
}

#[test]
fn the_lease_is_on_with_tables_and_off_without() {
    let string = connection_string("");
    let tables = ("TableStore__ConnectionString", string.as_str());
    let lease = |variables: &[(&str, &str)]| settings(variables).lease;
    let on = lease(&[tables]).unwrap();
    assert_eq!(on.duration, Duration::from_secs(30));
    assert_eq!(on.blob_name, "lease");
    assert_eq!(lease(&[tables, ("Lease__Enabled", "false")]), None);
    let blobs = ("BlobStore__ConnectionString", string.as_str());
    assert_eq!(lease(&[blobs]), None);
    let longer = [
        blobs,
        ("Lease__Enabled", "true"),
        ("Lease__Duration", "00:01:00"),
        ("Lease__BlobName", "one"),
    ];
    let asked = lease(&longer).unwrap();
    assert_eq!(
        (asked.duration.as_secs(), asked.blob_name.as_str()),
        (60, "one")
    );
}

#[test]
fn a_lease_or_an_archive_without_blobs_is_a_problem() {
    for setting in ["Lease__Enabled", "Archive__Enabled"] {
        let shown = problem(&[(setting, "true")]);
        assert!(shown.contains("needs a blob service"), "{shown}");
    }
    for duration in ["00:00:14", "00:01:01"] {
        let shown = problem(&[("Lease__Duration", duration)]);
        assert!(shown.contains("Lease:Duration"), "{shown}");
    }
}

#[test]
fn tables_that_lead_to_no_blobs_go_without_a_lease_and_say_so() {
    for (variable, value) in [
        ("TableStore__EndpointUri", "http://127.0.0.1:10002/site"),
        (
            "TableStore__EndpointUri",
            "https://site.table.core.windows.net?tn=sync&sig=canary",
        ),
        (
            "TableStore__ConnectionString",
            "AccountName=site;SharedAccessSignature=ss=t&sig=canary",
        ),
    ] {
        let loaded = with(&[(variable, value)]).unwrap();
        assert_eq!(loaded.settings.lease, None);
        let said = warnings(&loaded);
        assert!(said[0].contains("run a single replica"), "{said:?}");
        assert!(!said[0].contains("canary"));
    }
}
