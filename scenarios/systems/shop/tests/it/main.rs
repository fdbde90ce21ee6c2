//! The shop from outside: real services on real sockets, some of them behind a wire that
//! misbehaves.

#[cfg(test)]
mod declaration;
#[cfg(test)]
mod journeys;
#[cfg(test)]
mod knobs;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod process;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod shop;
#[cfg(test)]
#[cfg(feature = "tls")]
mod tls;
#[cfg(test)]
mod wire;
