//! A small HTTP resource server: two routes that need access tokens, and the key set of one issuer, which rotates.
//!
//! Everything around the verification may allocate and wait; the verification itself is the same as on a device.

mod answer;
mod args;
mod authorization;
mod clock;
mod demo;
mod fetch;
mod keys;
mod log;
mod pump;
mod replay;
mod route;
mod server;
mod service;

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use args::{Command, Config, USAGE};
use lexopt::Parser;
use server::Server;
use tokio::runtime;

fn main() -> ExitCode {
    match args::parse(Parser::from_env()) {
        Ok(Command::Help) => {
            let _ = write!(io::stdout(), "{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(Command::Serve(config)) => serve(*config).map_or_else(|error| fail(&*error, ""), |never| match never {}),
        Err(error) => fail(&*error, "usage: gateway --jwks FILE|URL --issuer ISS (more: --help)\n"),
    }
}

fn fail(error: &dyn Error, hint: &str) -> ExitCode {
    // If stderr is closed, the exit status still reports the error.
    let _ = write!(io::stderr(), "gateway: {error}\n{hint}");
    ExitCode::from(2)
}

fn serve(config: Config) -> Result<Infallible, Box<dyn Error + Send + Sync>> {
    runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let server = Server::start(config).await?;
        let _ = write!(io::stdout(), "{}", server.greeting());
        Ok(server.run().await)
    })
}
