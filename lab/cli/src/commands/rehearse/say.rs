//! What is said from inside a rehearsal, through its control socket.

use lab_drivers::control;
use lab_engine::desk::{Answer, Command};
use lab_model::Exit;
use lab_model::exercise::Saying;

use crate::arguments::{Declare, Hint, Pause, Running, Words};
use crate::commands::sandbox::{find, me};
use crate::text;

/// Says something; what is answered goes to standard output.
fn say(running: &Running, saying: Saying) -> Exit {
    let folder = match find(running, control::FILE) {
        Ok(folder) => folder,
        Err((message, _)) => {
            text::error(&message, "lab rehearse SCENARIO begins a rehearsal");
            return Exit::Usage;
        }
    };
    match control::ask(&folder, &me(), Command::Say(saying)) {
        Ok(Ok(Answer::Said(answer))) => {
            text::out(&format!("{answer}\n"));
            Exit::Pass
        }
        Ok(Ok(_)) => Exit::Pass,
        Ok(Err(refusal)) => {
            text::error(&refusal.message, &refusal.help);
            Exit::Usage
        }
        Err(error) => {
            text::error(&format!("the rehearsal does not answer: {error}"), "");
            Exit::Environment
        }
    }
}

pub(crate) fn declare(options: &Declare) -> Exit {
    let saying = Saying::Declare {
        component: options.component.clone(),
        symptom: options.symptom.clone(),
    };
    say(&options.running, saying)
}

pub(crate) fn message(options: &Words) -> Exit {
    let text = options.words.join(" ");
    say(&options.running, Saying::Message { text })
}

pub(crate) fn note(options: &Words) -> Exit {
    let text = options.words.join(" ");
    say(&options.running, Saying::Note { text })
}

pub(crate) fn hint(options: &Hint) -> Exit {
    let saying = if options.solution {
        Saying::Solution
    } else {
        Saying::Hint
    };
    say(&options.running, saying)
}

pub(crate) fn pause(options: &Pause) -> Exit {
    let saying = if options.end {
        Saying::Resume
    } else {
        Saying::Pause
    };
    say(&options.running, saying)
}

pub(crate) fn done(running: &Running) -> Exit {
    say(running, Saying::Done)
}

pub(crate) fn give_up(running: &Running) -> Exit {
    say(running, Saying::GiveUp)
}
