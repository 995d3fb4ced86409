//! What is asked of others over the network: the one place that names the client for it.

use std::io::Read;
use std::time::Duration;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Another did not answer.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// It was not reached, or answered with an error.
    #[error("{url} does not answer")]
    Unreachable {
        /// Who.
        url: String,
        /// Why.
        #[source]
        source: Box<ureq::Error>,
    },
    /// Its answer broke off or is too long.
    #[error("the answer of {url} could not be read")]
    Garbled {
        /// Who.
        url: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Posts a body and returns the status and the answer, of at most `max` bytes, whatever the status says.
///
/// # Errors
///
/// Returns [`OutsideError`] when none came.
pub fn exchange(url: &str, media: &str, body: &[u8], max: u64) -> Result<(u16, Vec<u8>), OutsideError> {
    let unreachable = |source| OutsideError::Unreachable { url: url.to_owned(), source: Box::new(source) };
    let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false);
    let agent: ureq::Agent = config.build().into();
    let mut answer = agent.post(url).content_type(media).send(body).map_err(unreachable)?;
    let status = answer.status().as_u16();
    Ok((status, whole(url, answer.body_mut().as_reader(), max)?))
}

/// Posts a body and returns the answer, of at most `max` bytes.
///
/// # Errors
///
/// Returns [`OutsideError`] when none came.
pub fn post(url: &str, media: &str, body: &[u8], max: u64) -> Result<Vec<u8>, OutsideError> {
    let unreachable = |source| OutsideError::Unreachable { url: url.to_owned(), source: Box::new(source) };
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).build().into();
    let mut answer = agent.post(url).content_type(media).send(body).map_err(unreachable)?;
    whole(url, answer.body_mut().as_reader(), max)
}

/// Posts a message that carries a key by which a double is known, and returns the status of the answer. Whoever
/// answers with another address has not taken it: it is not followed.
///
/// # Errors
///
/// Returns [`OutsideError`] when no answer came.
pub fn tell(url: &str, key: &str, body: &[u8], within: Duration) -> Result<u16, OutsideError> {
    let unreachable = |source| OutsideError::Unreachable { url: url.to_owned(), source: Box::new(source) };
    let config = ureq::Agent::config_builder().timeout_global(Some(within)).max_redirects(0);
    let agent: ureq::Agent = config.http_status_as_error(false).build().into();
    let request = agent.post(url).content_type("application/json").header("Idempotency-Key", key);
    Ok(request.send(body).map_err(unreachable)?.status().as_u16())
}

/// Posts JSON to whoever only takes it, and returns the status of the answer; no other address is followed.
///
/// # Errors
///
/// Returns [`OutsideError`] when no answer came.
pub fn deliver(url: &str, body: &[u8], within: Duration) -> Result<u16, OutsideError> {
    let unreachable = |source| OutsideError::Unreachable { url: url.to_owned(), source: Box::new(source) };
    let config = ureq::Agent::config_builder().timeout_global(Some(within)).max_redirects(0);
    let agent: ureq::Agent = config.http_status_as_error(false).build().into();
    let answer = agent.post(url).content_type("application/json").send(body).map_err(unreachable)?;
    Ok(answer.status().as_u16())
}

/// Whom to trust, and how long to wait, for one who is asked again and again; no other address is followed.
pub struct Asking {
    agent: ureq::Agent,
}

impl Asking {
    /// Returns how to ask; who is trusted are these authorities, as DER, or those whom browsers trust.
    pub fn new(trusted: Option<&[Vec<u8>]>, within: Duration) -> Self {
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(within))
            .max_redirects(0)
            .http_status_as_error(false);
        if let Some(trusted) = trusted {
            let certificates: Vec<_> =
                trusted.iter().map(|der| ureq::tls::Certificate::from_der(der).to_owned()).collect();
            let roots = ureq::tls::RootCerts::new_with_certs(&certificates);
            config = config.tls_config(ureq::tls::TlsConfig::builder().root_certs(roots).build());
        }
        Self { agent: config.build().into() }
    }

    /// Returns the status and the body of an answer, of at most `max` bytes.
    ///
    /// # Errors
    ///
    /// Returns [`OutsideError`] when none came.
    pub fn get(&self, url: &str, bearer: Option<&str>, max: u64) -> Result<(u16, Vec<u8>), OutsideError> {
        let mut request = self.agent.get(url).header("Accept", "application/json");
        if let Some(bearer) = bearer {
            request = request.header("Authorization", format!("Bearer {bearer}"));
        }
        answered(url, request.call(), max)
    }

    /// Posts a form, and returns the status and the body of the answer, of at most `max` bytes.
    ///
    /// # Errors
    ///
    /// Returns [`OutsideError`] when none came; what was sent may have arrived.
    pub fn post_form(
        &self,
        url: &str,
        authorization: Option<&str>,
        form: &str,
        max: u64,
    ) -> Result<(u16, Vec<u8>), OutsideError> {
        let mut request = self.agent.post(url).content_type("application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        answered(url, request.header("Accept", "application/json").send(form), max)
    }
}

fn answered(
    url: &str,
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    max: u64,
) -> Result<(u16, Vec<u8>), OutsideError> {
    let unreachable = |source| OutsideError::Unreachable { url: url.to_owned(), source: Box::new(source) };
    let mut answer = answer.map_err(unreachable)?;
    let status = answer.status().as_u16();
    Ok((status, whole(url, answer.body_mut().as_reader(), max)?))
}

impl OutsideError {
    /// Tells whether what was sent may have arrived, though no answer did.
    pub fn was_perhaps_heard(&self) -> bool {
        use ureq::{Error, Timeout};
        let Self::Unreachable { source, .. } = self else { return true };
        let never_sent = matches!(
            source.as_ref(),
            Error::HostNotFound
                | Error::ConnectionFailed
                | Error::BadUri(_)
                | Error::Http(_)
                | Error::InvalidProxyUrl
                | Error::Timeout(Timeout::Resolve | Timeout::Connect)
        );
        let refused = std::io::ErrorKind::ConnectionRefused;
        !never_sent && !matches!(source.as_ref(), Error::Io(error) if error.kind() == refused)
    }
}

/// Reads an answer to its end.
fn whole(url: &str, answer: impl Read, max: u64) -> Result<Vec<u8>, OutsideError> {
    let garbled = |source| OutsideError::Garbled { url: url.to_owned(), source };
    let mut bytes = Vec::new();
    answer.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(garbled)?;
    if bytes.len() as u64 > max {
        return Err(garbled(std::io::Error::other(format!("it has more than {max} bytes"))));
    }
    Ok(bytes)
}
