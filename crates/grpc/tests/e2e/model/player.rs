//! Turns moves into requests, and knows what is to be answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::calls::Call;
use crate::model::letters::Letters;
use crate::model::outcome::{Expected, Learnt};
use crate::model::plan::{Move, RequestId};
use crate::model::refusal::Refusal;
use crate::model::state::Model;

/// A request that is sent.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) call: Call,
    /// Empty for none.
    pub(crate) request_id: String,
    pub(crate) trial: bool,
}

/// What is to be answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The outcome of a change, and what is kept then; nothing if it failed or was tried.
    Made(Expected, Option<Model>),
    /// What the first request of this id was answered.
    Recorded(Vec<u8>),
}

/// A request with an id that was answered.
#[derive(Debug)]
struct Record {
    method: &'static str,
    body: Vec<Vec<u8>>,
    answer: Vec<u8>,
}

/// A case under way.
pub(crate) struct Player {
    pub(crate) model: Model,
    asked: Vec<Asked>,
    records: BTreeMap<String, Record>,
}

impl Player {
    pub(crate) fn new(letters: Arc<Letters>) -> Self {
        Self {
            model: Model::new(letters),
            asked: Vec::new(),
            records: BTreeMap::new(),
        }
    }

    /// How many requests are remembered.
    pub(crate) fn record_count(&self) -> usize {
        self.records.len()
    }

    /// The request that a move means now.
    pub(crate) fn request(&mut self, next: &Move) -> Asked {
        let asked = match next {
            Move::Ask { call, id, trial } => {
                let mut call = Call::clone(call);
                call.change_mut().fill(&self.model);
                Asked {
                    call,
                    request_id: self.request_id(*id),
                    trial: *trial,
                }
            }
            Move::Again { which, trial, cuts } => {
                let again = match which {
                    Some(which) => which.get(&self.asked),
                    None => self.asked.last().expect("a case has first requests"),
                };
                let mut call = again.call.clone();
                call.divide(cuts);
                Asked {
                    call,
                    // However the id is written.
                    request_id: again.request_id.to_uppercase(),
                    trial: *trial,
                }
            }
        };
        self.asked.push(asked.clone());
        asked
    }

    fn request_id(&self, id: RequestId) -> String {
        let new = format!("0190a6c2-7e8f-4a30-9c4e-{:012}", self.asked.len());
        match id {
            RequestId::None => String::new(),
            RequestId::Malformed => "again".to_owned(),
            RequestId::Used(which) if !self.records.is_empty() => {
                let used: Vec<_> = self.records.keys().collect();
                (*which.get(&used)).clone()
            }
            RequestId::New | RequestId::Used(_) => new,
        }
    }

    /// What is to be answered to it.
    pub(crate) fn expect(&self, asked: &Asked) -> Answer {
        let refused = |refusal| Answer::Made(Expected::Refused(refusal), None);
        let change = asked.call.change();
        let mut wrong = change.violations();
        if asked.request_id == "again" || asked.request_id == "AGAIN" {
            wrong.push((asked.call.id_field().to_owned(), "MALFORMED".to_owned()));
        }
        if wrong.is_empty() {
            wrong = change.later_violations();
        }
        if !wrong.is_empty() {
            return refused(Refusal::invalid(wrong));
        }
        if let Some(record) = self.records.get(&asked.request_id.to_lowercase()) {
            let is_same = record.method == asked.call.name() && record.body == asked.call.body();
            return if is_same {
                Answer::Recorded(record.answer.clone())
            } else {
                refused(Refusal::request_id_reused(asked.call.id_field()))
            };
        }
        let mut model = self.model.clone();
        match change.make(&mut model) {
            Ok(expected) if asked.trial => Answer::Made(expected.tried(), None),
            Ok(expected) => {
                let kept = expected.is_kept().then_some(model);
                Answer::Made(expected, kept)
            }
            Err(refusal) => refused(refusal),
        }
    }

    /// Goes on from what was answered and learnt.
    pub(crate) fn keep(
        &mut self,
        asked: &Asked,
        mut kept: Model,
        learnt: &Learnt,
        answer: Vec<u8>,
    ) -> Result<(), String> {
        kept.settle(learnt)?;
        self.model = kept;
        if !asked.request_id.is_empty() {
            let record = Record {
                method: asked.call.name(),
                body: asked.call.body(),
                answer,
            };
            self.records.insert(asked.request_id.to_lowercase(), record);
        }
        Ok(())
    }
}
