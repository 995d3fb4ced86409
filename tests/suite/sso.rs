//! Single sign-on, from a browser and a terminal to a provider and back, and a proxy that says who comes.

mod provider;
mod wire;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::remote::certificates;
use crate::sso::provider::{Breaks, CLIENT, Provider, REDIRECT, SECRET};
use crate::sso::wire::{Came, send, target, value};
use crate::support::Place;

/// A server, on a log of its own.
struct Desk {
    place: Place,
    server: Child,
    port: u16,
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A browser: what it keeps is sent back.
#[derive(Default)]
struct Browser {
    cookies: Vec<String>,
}

impl Browser {
    fn get(&mut self, desk: &Desk, target: &str) -> Came {
        let cookies = self.cookies.join("; ");
        let headers =
            [("cookie", cookies.as_str()), ("accept", "text/html,*/*"), ("sec-fetch-site", "cross-site")];
        let came = send(desk.port, "GET", target, &headers, "");
        for cookie in came.cookies() {
            let name = cookie.split('=').next().unwrap();
            self.cookies.retain(|kept| kept.split('=').next() != Some(name));
            if !cookie.ends_with('=') {
                self.cookies.push(cookie);
            }
        }
        came
    }

    /// Goes to the provider and comes back, and returns where to.
    fn goes(&mut self, desk: &Desk, provider: &Provider, target_of: &str) -> String {
        let location = self.get(desk, target_of).location();
        target(&provider.authorize(&location))
    }

    fn signs_on(&mut self, desk: &Desk, provider: &Provider) -> Came {
        let back = self.goes(desk, provider, "/v1/sso");
        self.get(desk, &back)
    }
}

impl Desk {
    fn start(options: &[&str]) -> Self {
        let place = Place::new();
        let arguments = [&["serve", "--port", "0", "--accounts", "boss"], options].concat();
        let mut command = place.command(&arguments);
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(server.stdout.take().unwrap()).lines();
        let line =
            said.find_map(|line| line.unwrap().strip_prefix("serving ").map(ToOwned::to_owned)).unwrap();
        let address = line.split("/v1").next().unwrap().to_owned();
        Self { place, server, port: wire::port(&address) }
    }

    fn signing_on(provider: &Provider, more: &[&str]) -> Self {
        let secret = tempfile::NamedTempFile::new().unwrap();
        fs::write(secret.path(), SECRET).unwrap();
        fs::set_permissions(secret.path(), PermissionsExt::from_mode(0o600)).unwrap();
        let options = [
            "--sso-issuer",
            &provider.issuer,
            "--sso-client",
            CLIENT,
            "--sso-secret-file",
            secret.path().to_str().unwrap(),
            "--sso-redirect",
            REDIRECT,
            "--sso-group",
            "recorders=recorder,TLP:RED,KITE",
            "--sso-group",
            "guests=reader,TLP:GREEN",
        ];
        Self::start(&[&options, more].concat())
    }

    /// Returns who a browser is here.
    fn who(&self, browser: &Browser) -> Value {
        let cookies = browser.cookies.join("; ");
        let came = send(self.port, "GET", "/v1/whoami", &[("cookie", &cookies)], "");
        let body = &came.body[came.body.find('{').unwrap()..=came.body.rfind('}').unwrap()];
        serde_json::from_str::<Value>(body).unwrap()["data"].take()
    }

    fn account(&self, name: &str) -> Value {
        let all = self.place.items(&["account", "list"]);
        all.into_iter().find(|row| row["account"] == name).unwrap_or_default()
    }
}

#[test]
fn whom_a_provider_signs_on_comes_in_as_what_their_groups_say() {
    let provider = Provider::start();
    let desk = Desk::signing_on(&provider, &[]);
    let mut browser = Browser::default();
    let came = browser.signs_on(&desk, &provider);
    assert_eq!(came.status, 200, "{came:?}");
    assert!(came.body.contains("You came in as lee."), "{came:?}");
    let set = came.headers("set-cookie");
    let session = set.iter().find(|cookie| cookie.starts_with("demarche-session=")).unwrap();
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Strict"), "{session}");
    let who = desk.who(&browser);
    assert_eq!(
        (&who["account"], &who["role"], &who["by"]),
        (&json!("lee"), &json!("recorder"), &json!("session"))
    );
    assert_eq!((&who["clearance"], &who["compartments"]), (&json!("TLP:RED"), &json!(["KITE"])));
    let account = desk.account("lee");
    assert_eq!((&account["issuer"], &account["subject"]), (&json!(provider.issuer), &json!("s-1")));
    // Other groups, another name: the same account, which may do something else.
    provider.next("s-1", "lee yun", &["guests", "strangers"]);
    assert_eq!(Browser::default().signs_on(&desk, &provider).status, 200);
    assert_eq!(desk.who(&browser)["role"], "reader");
    let changes = desk.place.data(&["changes", "--since", "0"]).to_string();
    for said in ["by single sign-on, for the groups recorders", "by single sign-on, for the groups guests"] {
        assert!(changes.contains(said), "{said}: {changes}");
    }
    // No group lets them in: nor does the session of before.
    provider.next("s-1", "lee", &["strangers"]);
    let came = Browser::default().signs_on(&desk, &provider);
    assert!(came.status == 403 && came.body.contains("no group of lee lets anybody in"), "{came:?}");
    assert_eq!(desk.who(&browser), Value::Null);
    // A disabled account stays out.
    desk.place.run(&["account", "disable", "lee"]).ok();
    provider.next("s-1", "lee", &["recorders"]);
    let came = Browser::default().signs_on(&desk, &provider);
    assert!(came.status == 409 && came.body.contains("disabled"), "{came:?}");
    // Nobody becomes the administrator by being called so, until somebody says that they are.
    provider.next("s-2", "boss", &["recorders"]);
    let came = Browser::default().signs_on(&desk, &provider);
    assert!(came.status == 409 && came.body.contains("a name alone"), "{came:?}");
    desk.place.run(&["account", "add", "park", "--role", "reader", "--clearance", "TLP:RED"]).ok();
    desk.place.run(&["account", "bind", "park", "--issuer", &provider.issuer, "--subject", "s-2"]).ok();
    let mut browser = Browser::default();
    assert!(browser.signs_on(&desk, &provider).body.contains("as park."));
    assert_eq!(desk.who(&browser)["role"], "recorder");
    desk.place.run(&["verify"]).ok();
}

#[test]
fn what_does_not_stand_lets_nobody_in() {
    let provider = Provider::start();
    let desk = Desk::signing_on(&provider, &[]);
    for (breaks, says) in [
        (Breaks::Claim("iss", "https://other.example"), "another provider says it"),
        (Breaks::Claim("aud", "another"), "for another than this server"),
        (Breaks::Claim("azp", "another"), "for another than this server"),
        (Breaks::Claim("nonce", "another"), "about another login"),
        (Breaks::Claim("sub", ""), "names nobody"),
        (Breaks::Expired, "good no longer"),
        (Breaks::Unsigned, "not taken here"),
        (Breaks::WithPublicKey, "not taken here"),
        (Breaks::Forged, "is not the provider&#39;s"),
        (Breaks::GroupsOfAnother, "about somebody else"),
        (Breaks::MixedUp, "another provider sent"),
    ] {
        provider.breaks(breaks);
        let mut browser = Browser::default();
        let came = browser.signs_on(&desk, &provider);
        assert!(came.status == 401 && came.body.contains(says), "{breaks:?}: {came:?}");
        assert!(browser.cookies.is_empty(), "{breaks:?}: {:?}", browser.cookies);
    }
    provider.breaks(Breaks::Nothing);
    assert_eq!(desk.account("lee"), Value::Null, "no account was opened");
    let began_elsewhere =
        |came: &Came| came.status == 401 && came.body.contains("did not begin in this browser");
    let (mut one, mut other) = (Browser::default(), Browser::default());
    let back = one.goes(&desk, &provider, "/v1/sso");
    let back_of_other = other.goes(&desk, &provider, "/v1/sso");
    let came = Browser::default().get(&desk, &back);
    assert!(began_elsewhere(&came), "without its cookie: {came:?}");
    let came = Browser { cookies: other.cookies.clone() }.get(&desk, &back);
    assert!(began_elsewhere(&came), "with that of another login: {came:?}");
    let came = Browser { cookies: other.cookies.clone() }.get(&desk, "/v1/sso/callback?code=x&state=x");
    assert!(began_elsewhere(&came), "with another state: {came:?}");
    // A code that was overheard is of no use in a login of one's own: the provider asks who began.
    let (code, state) = (value(back.split_once('?').unwrap().1, "code"), value(&back_of_other, "state"));
    let mixed = format!("/v1/sso/callback?code={code}&state={state}&iss={}", provider.issuer);
    let came = Browser { cookies: other.cookies.clone() }.get(&desk, &mixed);
    assert!(came.status == 401 && came.body.contains("does not know the code"), "{came:?}");
    // What was used is used up.
    let mut third = Browser::default();
    let back = third.goes(&desk, &provider, "/v1/sso");
    let kept = third.cookies.clone();
    assert_eq!(third.get(&desk, &back).status, 200);
    assert!(began_elsewhere(&Browser { cookies: kept }.get(&desk, &back)));
    let mut fourth = Browser::default();
    let back = fourth.goes(&desk, &provider, "/v1/sso");
    let state = value(&back, "state");
    let came = fourth.get(&desk, &format!("/v1/sso/callback?error=access_denied&state={state}"));
    assert!(came.status == 401 && came.body.contains("access_denied"), "{came:?}");
    for path in ["/v1/sso/callback", "/v1/sso/callback?state=a&state=b", "/v1/sso?terminal=x"] {
        assert!((400..500).contains(&Browser::default().get(&desk, path).status), "{path}");
    }
}

#[test]
fn a_provider_that_gives_nothing_for_a_code_is_told_with_what_it_means() {
    let provider = Provider::start();
    let desk = Desk::signing_on(&provider, &[]);
    for (word, says) in [
        (
            "invalid_client",
            "invalid_client: it does not know this server; look at --sso-client and --sso-secret",
        ),
        ("unauthorized_client", "unauthorized_client: it does not let this server sign people on"),
        ("unsupported_grant_type", "unsupported_grant_type: it gives nothing for a code"),
        ("invalid_request", "invalid_request: it does not understand this server; look at --sso-redirect"),
        ("invalid_scope", "invalid_scope: it does not give what is asked for; look at --sso-scope"),
        ("<b>of its own</b>", "answers 400, &lt;b&gt;ofitsown&lt;/b&gt;"),
    ] {
        provider.breaks(Breaks::Denies(word));
        let mut browser = Browser::default();
        let came = browser.signs_on(&desk, &provider);
        assert!(came.status == 503 && came.body.contains(says), "{word}: {came:?}");
    }
    // Of a code that is no longer good whoever comes hears, and can begin again.
    provider.breaks(Breaks::Denies("invalid_grant"));
    let came = Browser::default().signs_on(&desk, &provider);
    assert!(came.status == 401 && came.body.contains("does not know the code"), "{came:?}");
    provider.breaks(Breaks::Nothing);
    assert_eq!(Browser::default().signs_on(&desk, &provider).status, 200);
}

#[test]
fn a_provider_over_tls_is_known_by_the_authority_that_is_named_and_by_no_other() {
    let (place, other) = (Place::empty(), Place::empty());
    let [authority, certificate, key] = certificates(&place);
    let [another, ..] = certificates(&other);
    let provider = Provider::over_tls(&certificate, &key);
    let desk = Desk::signing_on(&provider, &["--sso-ca", authority.to_str().unwrap()]);
    let came = Browser::default().signs_on(&desk, &provider);
    assert!(came.status == 200 && came.body.contains("You came in as lee."), "{came:?}");
    for options in [&["--sso-ca", another.to_str().unwrap()][..], &[]] {
        let desk = Desk::signing_on(&provider, options);
        let came = Browser::default().get(&desk, "/v1/sso");
        let says = "nobody can be signed on now";
        assert!(came.status == 503 && came.body.contains(says), "{options:?}: {came:?}");
        assert!(came.body.to_lowercase().contains("certificate"), "{options:?}: {came:?}");
    }
}

#[test]
fn a_provider_may_sign_with_another_key_and_tell_groups_apart() {
    let provider = Provider::start();
    let desk = Desk::signing_on(&provider, &[]);
    let comes = || Browser::default().signs_on(&desk, &provider).status;
    assert_eq!(comes(), 200);
    provider.rotate_to_rsa();
    assert_eq!(comes(), 200, "the keys are asked for again");
    provider.breaks(Breaks::GroupsApart);
    assert_eq!(comes(), 200);
    provider.breaks(Breaks::Nothing);
    provider.rotate();
    assert_eq!(comes(), 401, "but not for every key that nobody knows");
}

#[test]
fn of_whom_no_group_is_said_any_more_no_session_goes_on() {
    let provider = Provider::start();
    let desk = Desk::signing_on(&provider, &[]);
    let mut browser = Browser::default();
    assert_eq!(browser.signs_on(&desk, &provider).status, 200);
    // What is not understood says nothing of them.
    provider.breaks(Breaks::Number("groups"));
    let came = Browser::default().signs_on(&desk, &provider);
    assert!(came.status == 401 && came.body.contains("is not understood"), "{came:?}");
    assert_eq!(desk.who(&browser)["account"], "lee");
    provider.breaks(Breaks::NoGroups);
    let came = Browser::default().signs_on(&desk, &provider);
    assert!(came.status == 403 && came.body.contains("nothing is said of groups"), "{came:?}");
    assert_eq!(desk.who(&browser), Value::Null);
}

#[test]
fn a_provider_that_is_down_keeps_nobody_out_who_has_a_password() {
    let provider = Provider::start();
    let gone = provider.under("http://127.0.0.1:9/realms/desk".to_owned());
    let desk = Desk::signing_on(&gone, &[]);
    let came = Browser::default().get(&desk, "/v1/sso");
    assert!(came.status == 503 && came.body.contains("nobody can be signed on now"), "{came:?}");
    assert_eq!(Browser::default().get(&desk, "/healthz").status, 200);
    let opened = desk.place.data(&["account", "add", "park", "--role", "reader", "--clearance", "TLP:RED"]);
    let ask = json!({"account": "park", "password": opened["one_time_password"], "bearer": true});
    let json_type = [("content-type", "application/json")];
    assert_eq!(send(desk.port, "POST", "/v1/login", &json_type, &ask.to_string()).status, 200);
    // A provider that calls itself otherwise is another one.
    let provider = Provider::start();
    let own = provider.issuer.clone();
    let renamed = provider.under(format!("{own}/"));
    let desk = Desk::signing_on(&renamed, &[]);
    let came = Browser::default().get(&desk, "/v1/sso");
    assert!(came.status == 503 && came.body.contains("calls itself"), "{came:?}");
}

#[test]
fn a_terminal_comes_in_with_the_code_that_the_browser_shows() {
    let provider = Provider::start();
    let desk = Desk::signing_on(&provider, &[]);
    let home = desk.place.file("home");
    fs::create_dir_all(&home).unwrap();
    let server = format!("http://127.0.0.1:{}", desk.port);
    let far = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_demarche"));
        command
            .env_clear()
            .env("HOME", &home)
            .env("DEMARCHE_SERVER", &server)
            .current_dir(&home)
            .args(arguments);
        command
    };
    let mut command = far(&["login", "--sso"]);
    let mut terminal =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = BufReader::new(terminal.stdout.take().unwrap()).lines();
    let (first, second) = (said.next().unwrap().unwrap(), said.next().unwrap().unwrap());
    let address = first.split(' ').find(|word| word.starts_with("http")).unwrap().to_owned();
    let called = second.split("the terminal ").nth(1).unwrap().split(':').next().unwrap().to_owned();
    let mut browser = Browser::default();
    let back = browser.goes(&desk, &provider, &target(&address));
    let page = browser.get(&desk, &back);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains(&called) && page.body.contains("as lee"), "{page:?}");
    assert!(browser.cookies.is_empty(), "the browser comes in nowhere: {:?}", browser.cookies);
    let code = page.body.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap().to_owned();
    let mut typed = terminal.stdin.take().unwrap();
    typed.write_all(b"wrong\n").unwrap();
    typed.write_all(format!("{}\n", code.to_uppercase()).as_bytes()).unwrap();
    drop(typed);
    let rest: Vec<String> = said.map(|line| line.unwrap()).collect();
    assert!(terminal.wait().unwrap().success(), "{rest:?}");
    assert!(rest.iter().any(|line| line.starts_with("lee, recorder")), "{rest:?}");
    let who = far(&["whoami"]).output().unwrap();
    assert!(String::from_utf8(who.stdout).unwrap().starts_with("lee, recorder"));
    // Whoever has the code and not the secret of the terminal has nothing.
    let ask = json!({"secret": "0".repeat(64), "code": code}).to_string();
    let json_type = [("content-type", "application/json")];
    assert_eq!(send(desk.port, "POST", "/v1/sso/terminal", &json_type, &ask).status, 401);
}

#[test]
fn a_proxy_says_who_comes_and_nobody_else_does() {
    let desk = Desk::start(&["--behind-proxy", "127.0.0.1", "--trusted-user-header", "X-Remote-User"]);
    desk.place.run(&["account", "add", "lee", "--role", "recorder", "--clearance", "TLP:RED"]).ok();
    let user = ("x-remote-user", "lee");
    let ask = |headers: &[(&str, &str)]| send(desk.port, "GET", "/v1/whoami", headers, "");
    let came = ask(&[user]);
    assert!(came.status == 200 && came.body.contains("\"by\":\"proxy\""), "{came:?}");
    assert_eq!(ask(&[]).status, 401);
    assert_eq!(ask(&[("x-remote-user", "nobody")]).status, 401);
    for more in [("authorization", "Bearer dem_x"), ("cookie", "demarche-session=des_x"), user] {
        assert_eq!(ask(&[user, more]).status, 400, "{more:?}");
    }
    assert_eq!(ask(&[("x-remote-user", "")]).status, 400);
    assert_eq!(ask(&[user, ("sec-fetch-site", "cross-site")]).status, 403);
    // A browser says so by itself: what changes something needs more.
    let name = |headers: &[(&str, &str)]| {
        let headers = [&[user, ("content-type", "application/json")], headers].concat();
        send(desk.port, "POST", "/v1/moments", &headers, "{\"name\":\"noon\"}").status
    };
    assert_eq!(name(&[]), 403);
    assert_eq!(name(&[("sec-fetch-site", "cross-site")]), 403);
    assert_eq!(name(&[("origin", "http://evil.example")]), 403);
    assert_eq!(name(&[("demarche-request", "1")]), 200);
    desk.place.run(&["account", "disable", "lee"]).ok();
    assert_eq!(ask(&[user]).status, 401);
    // Whoever is not the proxy is refused, and not passed over.
    let other = Desk::start(&["--behind-proxy", "10.0.0.9", "--trusted-user-header", "X-Remote-User"]);
    let came = send(other.port, "GET", "/healthz", &[user], "");
    assert_eq!(came.status, 200, "what is for everybody asks nobody who they are: {came:?}");
    let came = send(other.port, "GET", "/v1/whoami", &[user], "");
    assert!(came.status == 403 && came.body.contains("from the proxy of this server alone"), "{came:?}");
}

#[test]
fn a_server_does_not_begin_that_would_let_people_into_accounts_that_are_not_there() {
    let place = Place::new();
    let proxied = ["serve", "--port", "0", "--behind-proxy", "127.0.0.1", "--trusted-user-header", "x-user"];
    let said = place.run(&proxied).fails(4);
    assert!(said.contains("--accounts"), "{said}");
    let group = [
        "--sso-group",
        "desk=reader,SECRET",
        "--sso-issuer",
        "https://login.example",
        "--sso-client",
        "desk",
    ];
    let serve = ["serve", "--port", "0", "--accounts", "--sso-redirect", REDIRECT];
    let said = place.run(&[&serve[..], &group[..]].concat()).fails(4);
    assert!(said.contains("SECRET") && said.contains("TLP:AMBER"), "{said}");
}
