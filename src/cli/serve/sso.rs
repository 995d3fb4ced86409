//! Single sign-on, as `serve` sets it up.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::cli::failure::Failure;
use crate::desk::access::{GroupRule, Groups};
use crate::http::serve::Listening;
use crate::http::sso::{Settings, SettingsError, SignOn};

/// The longest secret of a client.
const SECRET_BYTES_MAX: u64 = 4_096;

/// By whom people are signed on, and what their groups may.
#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "a field is called as its flag")]
pub(super) struct SignOnFlags {
    /// Let people come in whom this provider of OpenID Connect signs on; its issuer, exactly as it names itself
    #[arg(long, value_name = "URL")]
    sso_issuer: Option<String>,
    /// How the provider knows this server
    #[arg(long, value_name = "ID")]
    sso_client: Option<String>,
    /// A file, which nobody else may read, whose first line is the secret by which the provider knows it; without one
    /// PKCE alone shows that
    #[arg(long, value_name = "FILE")]
    sso_secret_file: Option<PathBuf>,
    /// Where the provider sends browsers back: this server, as they reach it, and `/v1/sso/callback`
    #[arg(long, value_name = "URL")]
    sso_redirect: Option<String>,
    /// What a group of the provider lets people do and see: GROUP=ROLE,LEVEL, and compartments after further commas.
    /// Whoever is in none of these groups is not let in; how far somebody sees adds up over theirs
    #[arg(long, value_name = "GROUP=ROLE,LEVEL", value_parser = rule)]
    sso_group: Vec<GroupRule>,
    /// The claim that says under which name somebody records who comes for the first time
    #[arg(long, value_name = "CLAIM", default_value = "preferred_username", requires = "sso_issuer")]
    sso_name_claim: String,
    /// The claim that says in which groups they are
    #[arg(long, value_name = "CLAIM", default_value = "groups", requires = "sso_issuer")]
    sso_groups_claim: String,
    /// What the provider is asked for beside `openid` and `profile`, where it tells groups only to who asks
    #[arg(long, value_name = "SCOPE", requires = "sso_issuer")]
    sso_scope: Vec<String>,
    /// The authority that signed the provider's certificate, as PEM; no other is trusted then
    #[arg(long, value_name = "FILE")]
    sso_ca: Option<PathBuf>,
}

fn rule(typed: &str) -> Result<GroupRule, String> {
    typed.parse()
}

impl SignOnFlags {
    /// Checks what was said, for a server that listens so; nobody is asked yet. None where nothing was.
    pub(super) fn read(&self, listening: &Listening) -> Result<Option<Arc<SignOn>>, Failure> {
        let usage =
            |what: &str, hint: &str| Err(Failure::Usage { what: what.to_owned(), hint: hint.to_owned() });
        let Some(issuer) = &self.sso_issuer else {
            let more = self.sso_client.is_some()
                || self.sso_secret_file.is_some()
                || self.sso_redirect.is_some()
                || self.sso_ca.is_some()
                || !self.sso_group.is_empty();
            if more {
                return usage("whoever signs people on is not named", "give `--sso-issuer URL` as well");
            }
            return Ok(None);
        };
        let Some(client) = &self.sso_client else {
            return usage("how the provider knows this server is not said", "give `--sso-client ID` as well");
        };
        let Some(redirect) = &self.sso_redirect else {
            let hint = "give `--sso-redirect https://HOST/v1/sso/callback`, and tell the provider the same";
            return usage("where the provider sends browsers back is not said", hint);
        };
        let settings = Settings {
            issuer: issuer.clone(),
            client: client.clone(),
            secret: self.sso_secret_file.as_deref().map(secret).transpose()?,
            redirect: redirect.clone(),
            scopes: self.sso_scope.clone(),
            name_claim: self.sso_name_claim.clone(),
            groups_claim: self.sso_groups_claim.clone(),
            groups: Groups(self.sso_group.clone()),
            authority: self.sso_ca.clone(),
        };
        settings.check().map_err(|error| not_set_up(&error))?;
        // A proxy may ask under another name than browsers do.
        if listening.proxies.is_empty() && !listening.answers_at(redirect) {
            let what =
                format!("this server answers under no name as in {redirect}, and nobody would come back");
            return usage(&what, "mend `--sso-redirect`, or say that name with `--name`");
        }
        let sign_on = SignOn::new(settings).map_err(|error| not_set_up(&error))?;
        Ok(Some(Arc::new(sign_on)))
    }
}

/// Reads the secret of a file that only its owner can read.
fn secret(path: &Path) -> Result<String, Failure> {
    let failed = |error| Failure::File { path: path.to_owned(), doing: "read", error };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.mode() & 0o7777;
    if metadata.is_file() && mode & 0o077 != 0 {
        return Err(Failure::Refused {
            what: format!("{} can be read by others than its owner (mode {mode:04o})", path.display()),
            hint: format!(
                "`chmod 600 {}`, and take another secret where others may have read it",
                path.display()
            ),
        });
    }
    let mut text = String::new();
    file.take(SECRET_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    let secret = text.lines().next().unwrap_or_default().trim().to_owned();
    if secret.is_empty() {
        return Err(Failure::Refused {
            what: format!("{} holds no secret", path.display()),
            hint: "the provider shows it where this server is entered; it is the first line of the file"
                .to_owned(),
        });
    }
    Ok(secret)
}

fn not_set_up(error: &SettingsError) -> Failure {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    let what = format!("{error}{}", cause.unwrap_or_default());
    match error {
        SettingsError::Address { .. } => {
            Failure::Usage { what, hint: "mend `--sso-issuer` or `--sso-redirect`".to_owned() }
        }
        SettingsError::Word { flag, .. } => {
            Failure::Usage { what, hint: format!("mend `{flag}`: one word, as the provider has it") }
        }
        SettingsError::Twice(_) => Failure::Usage {
            what,
            hint: "give one `--sso-group` for it, with its level and every compartment".to_owned(),
        },
        SettingsError::NoGroups => Failure::Usage {
            what,
            hint: "give `--sso-group GROUP=ROLE,LEVEL`, once for each group".to_owned(),
        },
        SettingsError::Authority(_) => {
            Failure::Refused { what, hint: "name a file of PEM with `--sso-ca`".to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use crate::cli::testing::{run, usage};

    #[test]
    fn what_is_half_said_of_a_single_sign_on_is_refused_before_anything_is_opened() {
        let whole = [
            "serve",
            "--sso-issuer",
            "https://login.example",
            "--sso-client",
            "desk",
            "--sso-redirect",
            "https://desk.example/v1/sso/callback",
            "--sso-group",
            "desk=reader,TLP:RED",
            "--name",
            "desk.example",
        ];
        for left_out in [1, 3, 5, 7] {
            let args: Vec<&str> = whole[..left_out].iter().chain(&whole[left_out + 2..]).copied().collect();
            assert_eq!(usage(&args), 2, "{args:?}");
        }
        for (place, wrong) in
            [(2, "http://login.example"), (4, ""), (6, "https://desk.example/"), (8, "desk=king,TLP:RED")]
        {
            let mut args = whole;
            args[place] = wrong;
            assert_eq!(usage(&args), 2, "{wrong}");
        }
        // Browsers would come back to what answers under another name.
        let unnamed = run(&whole[..9], 200, &serde_json::json!({}));
        assert!(unnamed.code == 2 && unnamed.err.contains("under no name"), "{}", unnamed.err);
        for (more, says) in [
            (["--sso-name-claim", ""], "is no claim"),
            (["--sso-group", "desk=auditor,TLP:RED"], "is named twice"),
        ] {
            let args: Vec<&str> = whole.iter().copied().chain(more).collect();
            let ran = run(&args, 200, &serde_json::json!({}));
            assert!(ran.code == 2 && ran.err.contains(says), "{more:?}: {}", ran.err);
        }
        for alone in ["--sso-ca", "--sso-scope", "--sso-name-claim", "--sso-groups-claim"] {
            assert_eq!(usage(&["serve", alone, "x"]), 2, "{alone}");
        }
        assert_eq!(usage(&["serve", "--trusted-user-header", "x-user"]), 2, "without the proxy that says it");
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        let with = |mode: u32, text: &str| {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            let args = [&whole[..], &["--sso-secret-file", file.to_str().unwrap()]].concat();
            let ran = run(&args, 200, &serde_json::json!({}));
            assert_eq!(ran.code, 1);
            ran.err
        };
        assert!(with(0o640, "x").contains("mode 0640"));
        assert!(with(0o600, "\n").contains("holds no secret"));
        let args = [&whole[..], &["--sso-ca", file.to_str().unwrap()]].concat();
        let ran = run(&args, 200, &serde_json::json!({}));
        assert!(ran.code == 1 && ran.err.contains("authority"), "{}", ran.err);
    }
}
