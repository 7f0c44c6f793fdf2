// SPDX-License-Identifier: Apache-2.0
#include "decision/patient_reader.h"

#include <algorithm>
#include <chrono>
#include <exception>

#include "core/utc_time.h"

namespace clinnova::decision {
namespace {

/// More than this are never answered together: the time for one question grows with their records.
constexpr std::size_t kMostTogether = 32;
/// A run costs 3 ms however few are in it, and 0.1 ms for each. While other questions are being worked on it waits for
/// them, and then this long for the next ones of those who were answered.
constexpr std::chrono::milliseconds kPause{1};
constexpr std::chrono::milliseconds kGathering{12};

}  // namespace

std::string MachineToday() { return core::Today(); }

PatientReader::PatientReader(Options options, store::Store store, intake::PseudonymKey key)
    : options_(std::move(options)), store_(std::move(store)), key_(std::move(key)) {}

Result<std::unique_ptr<PatientReader>> PatientReader::Create(Options options) {
  CLINNOVA_ASSIGN(store::Store store, store::Store::Open({.path = "", .threads = 1}));
  CLINNOVA_TRY(store.SetConsentRule(options.consent));
  CLINNOVA_ASSIGN(intake::PseudonymKey key, intake::PseudonymKey::ForMemory());
  std::unique_ptr<PatientReader> reader(
      new PatientReader(std::move(options), std::move(store), std::move(key)));
  CLINNOVA_ASSIGN(reader->loader_, intake::PatientLoader::Create(reader->store_, reader->key_));
  CLINNOVA_ASSIGN(reader->features_, cohort::PatientFeatures::Create(
                                         reader->store_.database(), reader->options_.module,
                                         reader->options_.index, reader->options_.features));
  // Plans the statements before the first physician waits for them.
  std::vector<Question> nobody(1);
  CLINNOVA_TRY(reader->Ask(nobody));
  reader->worker_ = std::thread([raw = reader.get()] { raw->Work(); });
  return reader;
}

PatientReader::~PatientReader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_all();
  if (worker_.joinable()) worker_.join();
}

Result<cohort::PatientFacts> PatientReader::Read(PatientRecords patient) {
  Question question{std::move(patient), {}};
  auto answer = question.answer.get_future();
  if (options_.at_work != nullptr) options_.at_work->Rest();
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(question));
  }
  news_.notify_one();
  return answer.get();
}

void PatientReader::Work() {
  while (true) {
    std::vector<Question> questions;
    {
      std::unique_lock lock(mutex_);
      news_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      Gather(lock);
      const std::size_t count = std::min(kMostTogether, waiting_.size());
      const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
      questions.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
      waiting_.erase(waiting_.begin(), end);
    }
    Answer(questions);
  }
}

void PatientReader::Gather(std::unique_lock<std::mutex>& lock) {
  const auto at_work = [this] { return options_.at_work != nullptr && options_.at_work->Any(); };
  const auto until = std::chrono::steady_clock::now() + kGathering;
  bool more = waiting_.size() > 1 || at_work();
  while (more && !stopping_ && waiting_.size() < kMostTogether &&
         std::chrono::steady_clock::now() < until) {
    const std::size_t before = waiting_.size();
    news_.wait_for(lock, kPause, [&] { return stopping_ || waiting_.size() > before; });
    more = waiting_.size() > before || at_work();
  }
}

void PatientReader::Give(Question& question, Result<cohort::PatientFacts> facts) {
  if (options_.at_work != nullptr) options_.at_work->Resume();
  question.answer.set_value(std::move(facts));
}

void PatientReader::Answer(std::vector<Question>& questions) {
  const auto facts = Ask(questions);
  if (facts) {
    for (std::size_t i = 0; i < questions.size(); ++i) {
      Give(questions[i], (*facts)[i]);
    }
    return;
  }
  if (questions.size() == 1) {
    Give(questions.front(), Fail(facts));
    return;
  }
  // What is wrong with one patient's records is nobody else's trouble.
  for (Question& question : questions) {
    std::vector<Question> alone(1);
    alone.front() = std::move(question);
    Answer(alone);
  }
}

Result<std::vector<cohort::PatientFacts>> PatientReader::Ask(
    const std::vector<Question>& questions) {
  try {
    loader_->Begin();
    auto facts = AskLoaded(questions);
    loader_->Forget();
    return facts;
  } catch (const std::exception&) {  // a failed check ends this question, not the service
    loader_->Forget();
    return Fail(ErrorCode::kFailed, "the patient's records could not be read");
  }
}

Result<std::vector<cohort::PatientFacts>> PatientReader::AskLoaded(
    const std::vector<Question>& questions) {
  std::vector<std::int64_t> persons;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const std::string mark = std::to_string(i) + "/";
    for (intake::ReadRecord read : questions[i].patient.records) {
      read.record.patient_id = mark + read.record.patient_id;
      if (!read.record.id.empty()) read.record.id = mark + read.record.id;
      read.record.visit_id.clear();  // encounters are not asked for
      loader_->Take(std::move(read));
    }
    persons.push_back(loader_->PersonId(mark + questions[i].patient.patient_id));
  }
  loader_->Load();
  const std::string now = MachineToday();
  return features_->Compute(
      persons, {.index = options_.today.empty() ? now : options_.today, .consents = now});
}

}  // namespace clinnova::decision
