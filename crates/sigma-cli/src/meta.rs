//! Shell completions and manual pages, the same verbs in every tool.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Command, Subcommand};

use crate::exit::{ExitStatus, fail};
use crate::output::{Destination, write_file_atomically};

/// Verbs about the tool itself; `#[command(flatten)]` them into its verbs.
#[derive(Debug, Clone, Subcommand)]
pub enum MetaCommand {
    /// Print the completion script for a shell
    Completions { shell: clap_complete::Shell },
    /// Print the manual page of the tool or of one verb
    Man {
        /// Verb, such as "run" or "portfolio add"
        verb: Vec<String>,
        /// Write the pages of the tool and all verbs to a folder
        #[arg(long, value_name = "DIR", conflicts_with = "verb")]
        output_dir: Option<PathBuf>,
    },
}

impl MetaCommand {
    pub(crate) fn run(&self, command: Command) -> anyhow::Result<()> {
        match self {
            MetaCommand::Completions { shell } => completions(*shell, command),
            MetaCommand::Man { output_dir: Some(folder), .. } => pages(command, folder),
            MetaCommand::Man { verb, .. } => page(command, verb),
        }
    }
}

fn completions(shell: clap_complete::Shell, mut command: Command) -> anyhow::Result<()> {
    let name = command.get_name().to_string();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    Destination::Stdout.write_with(|out| Ok(out.write_all(&script)?))
}

fn page(mut command: Command, verb: &[String]) -> anyhow::Result<()> {
    command.build();
    let mut found = &command;
    for name in verb {
        found = found.find_subcommand(name).ok_or_else(|| {
            let names: Vec<&str> = found.get_subcommands().map(Command::get_name).collect();
            fail(
                ExitStatus::Usage,
                format!("no verb \"{name}\""),
                format!("use one of: {}", names.join(", ")),
            )
        })?;
    }
    let text = man_page(found)?;
    Destination::Stdout.write_with(|out| Ok(out.write_all(&text)?))
}

fn pages(mut command: Command, folder: &std::path::Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    command.build();
    let mut open = vec![&command];
    while let Some(command) = open.pop() {
        let page = clap_mangen::Man::new(command.clone());
        write_file_atomically(&folder.join(page.get_filename()), &man_page(command)?)?;
        // The generated verb "help" repeats all the others.
        open.extend(command.get_subcommands().filter(|verb| verb.get_name() != "help"));
    }
    Ok(())
}

fn man_page(command: &Command) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    Ok(text)
}
