//! False passes and false fails of simulated systems whose truth is known, seeded; in short. The
//! long form is `cargo run --release -p lab-verdict --example simulate`.
#![cfg(test)]

mod world;

#[test]
fn verdicts_are_seldom_wrong() {
    // So few runs may exceed a limit by chance; the seeds are fixed, so they always do the same.
    const CHANCE: f64 = 2.0;
    for question in world::questions() {
        let answer = question.ask(300);
        assert!(answer.holds(CHANCE), "{answer}");
    }
}
