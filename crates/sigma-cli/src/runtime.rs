//! The runtime of a tool, Ctrl-C, and panics.

use std::any::Any;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use anyhow::Context;

use crate::exit::{ExitStatus, ToolError};

/// Migrations block in place, which needs a second worker to carry on with the rest.
const WORKERS: usize = 2;

/// After Ctrl-C: how long a computation that does not wait for anything may go on.
const GRACE: Duration = Duration::from_secs(1);

/// Runs a tool to its end or to Ctrl-C.
pub(crate) fn block_on(
    name: &str,
    run: impl Future<Output = anyhow::Result<ExitStatus>>,
) -> anyhow::Result<ExitStatus> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let interrupt = runtime.spawn(interrupted(name.to_string()));
    let run = async {
        tokio::select! {
            result = run => result,
            _ = interrupt => Err(ToolError::new(ExitStatus::Interrupted, "interrupted").into()),
        }
    };
    let result = catch_unwind(AssertUnwindSafe(|| runtime.block_on(run))).unwrap_or_else(|panic| {
        let message = format!("internal error: {}", panic_text(panic.as_ref()));
        Err(ToolError::new(ExitStatus::Failed, message).hint("this is a defect; please report it").into())
    });
    runtime.shutdown_timeout(GRACE);
    result
}

/// Returns at the first Ctrl-C, and ends the process at the second, or when the run does not let go.
async fn interrupted(name: String) {
    if tokio::signal::ctrl_c().await.is_err() {
        // No handler could be set: the system's own ends the process.
        std::future::pending::<()>().await;
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = tokio::time::sleep(GRACE) => {}
        }
        let _ = writeln!(std::io::stderr(), "{name}: error: interrupted");
        std::process::exit(i32::from(ExitStatus::Interrupted.code()));
    });
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::status_of;

    #[test]
    fn results_pass_through_and_panics_are_failures() {
        assert_eq!(block_on("t", async { Ok(ExitStatus::Partial) }).unwrap(), ExitStatus::Partial);
        let err = block_on("t", async { panic!("broken invariant {}", 7) }).unwrap_err();
        assert_eq!(status_of(&err), ExitStatus::Failed);
        assert_eq!(err.to_string(), "internal error: broken invariant 7");
    }

    #[test]
    fn a_tool_may_block_in_place() {
        let run = async {
            let inner = || tokio::runtime::Handle::current().block_on(async { ExitStatus::Done });
            Ok(tokio::task::block_in_place(inner))
        };
        assert_eq!(block_on("t", run).unwrap(), ExitStatus::Done);
    }
}
