//! Results over several pages.
//!
//! `next_url` names the next page and carries no key. It is followed while `results` are present, at the configured
//! address whatever known host it names, for a bounded number of pages, and never to a page that was read before.

use serde::Deserialize;
use serde_json::Value;

use super::fault::read;
use crate::fault::{Fault, FaultKind};
use crate::http::{Answer, Request, Service};

/// Hosts that next pages may name: the service's old and new one.
const HOSTS: [&str; 2] = ["api.polygon.io", "api.massive.com"];

/// No result that is asked for here has more pages.
const MOST_PAGES: usize = 200;

/// What the pages of every list have in common.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    pub ticker: Value,
    #[serde(default)]
    pub adjusted: Value,
    /// Absent when there is nothing.
    results: Option<Vec<Value>>,
    next_url: Option<String>,
}

impl Page {
    pub fn has_rows(&self) -> bool {
        self.results.as_ref().is_some_and(|results| !results.is_empty())
    }
}

/// The rows of all pages. `check` refuses a page that answers another question.
pub(super) async fn rows(
    service: &Service,
    first: Request,
    check: impl Fn(&Answer, &Page) -> Result<(), Fault>,
) -> Result<Vec<Value>, Fault> {
    let mut read_before: Vec<Request> = Vec::new();
    let mut request = first;
    let mut rows = Vec::new();
    loop {
        let page = service.get(&request, |answer| {
            let page: Page = read(answer)?;
            check(answer, &page)?;
            Ok(page)
        });
        let page = page.await?;
        read_before.push(request);
        let Some(results) = page.results else { return Ok(rows) };
        rows.extend(results);
        let Some(link) = page.next_url.filter(|link| !link.is_empty()) else { return Ok(rows) };
        request = service.next_page(&link, &HOSTS)?;
        let pages = read_before.len();
        let wrong = if read_before.contains(&request) {
            format!("page {pages} names a page that was read before as the next one")
        } else if pages >= MOST_PAGES {
            format!("more than {MOST_PAGES} pages")
        } else {
            continue;
        };
        return Err(Fault::new(service.name(), FaultKind::Malformed, wrong));
    }
}

/// The rows of all pages of a list that nothing can be mistaken for.
pub(super) async fn plain_rows(service: &Service, first: Request) -> Result<Vec<Value>, Fault> {
    rows(service, first, |_, _| Ok(())).await
}
