// SPDX-License-Identifier: Apache-2.0
// From the records that a clinical system sends about one patient to the patient's features, in memory.
//
//   CLINNOVA_ASSIGN(auto reader, PatientReader::Create({.module = module, .index = "first_biologic",
//                                                       .features = {"age", "crp_baseline"}}));
//   CLINNOVA_ASSIGN(cohort::PatientFacts facts, reader->Read({.patient_id = "p1", .records = records}));
//
// The statements that compute features cost nearly the same for one patient as for twenty, so those who ask while a
// question is under way are answered together by the next, with those who ask within some milliseconds after, while
// other questions are being worked on. They cannot meet: each patient's identity is made different before it is
// hashed, by the question's number.
// Nothing is written to disk; the records are forgotten before the answer is given.
// Thread rule: Read() from any number of threads; one thread of its own works.
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cohort/patient_features.h"
#include "decision/at_work.h"
#include "intake/patient_loader.h"

namespace clinnova::decision {

/// "2026-11-26", UTC.
std::string MachineToday();

/// What is known of one patient.
struct PatientRecords {
  std::string patient_id;  ///< as the records have it
  std::vector<intake::ReadRecord> records;
};

class PatientReader {
 public:
  struct Options {
    cohort::DiseaseModule module;
    std::string index;
    std::vector<std::string> features;
    store::Store::ConsentRule consent = store::Store::ConsentRule::kRequired;
    std::string today = {};  ///< "2026-11-23"; empty = the machine's date
    /// Of the questions that come here, each within a Shift of its own.
    AtWork* at_work = nullptr;  // not owned, outlives the reader
  };

  /// Opens the store in memory and asks it once. Errors as PatientFeatures::Create.
  static Result<std::unique_ptr<PatientReader>> Create(Options options);
  /// Answers what was asked, then ends.
  ~PatientReader();

  /// kFailed with DuckDB's words.
  Result<cohort::PatientFacts> Read(PatientRecords patient);

 private:
  struct Question {
    PatientRecords patient;
    std::promise<Result<cohort::PatientFacts>> answer;
  };

  PatientReader(Options options, store::Store store, intake::PseudonymKey key);
  void Work();
  /// Waits for others who will ask soon: `lock` is of `mutex_`.
  void Gather(std::unique_lock<std::mutex>& lock);
  void Answer(std::vector<Question>& questions);
  void Give(Question& question, Result<cohort::PatientFacts> facts);
  Result<std::vector<cohort::PatientFacts>> Ask(const std::vector<Question>& questions);
  Result<std::vector<cohort::PatientFacts>> AskLoaded(const std::vector<Question>& questions);

  Options options_;
  store::Store store_;
  intake::PseudonymKey key_;
  std::unique_ptr<intake::PatientLoader> loader_;
  std::unique_ptr<cohort::PatientFeatures> features_;

  std::mutex mutex_;
  std::condition_variable news_;
  std::vector<Question> waiting_;
  bool stopping_ = false;
  std::thread worker_;
};

}  // namespace clinnova::decision
