// SPDX-License-Identifier: Apache-2.0
#include "intake/record_queue.h"

#include <utility>

namespace clinnova::intake {
namespace {

constexpr std::size_t kBatch = 256;
constexpr std::size_t kMostWaiting = 8;

}  // namespace

RecordQueue::RecordQueue(RecordSink& sink, Prepare prepare)
    : sink_(sink), prepare_(std::move(prepare)) {
  if (prepare_) preparing_ = std::thread([this] { PrepareBatches(); });
  taking_ = std::thread([this] { TakeBatches(); });
}

RecordQueue::~RecordQueue() {
  {
    const std::lock_guard lock(mutex_);
    read_.batches.clear();
    prepared_.batches.clear();
  }
  Join();
}

void RecordQueue::Close(Line& line) {
  {
    const std::lock_guard lock(mutex_);
    line.closed = true;
  }
  changed_.notify_all();
}

void RecordQueue::Join() {
  Close(read_);
  if (preparing_.joinable()) preparing_.join();
  if (taking_.joinable()) taking_.join();
}

SourceRecord& RecordQueue::Slot() {
  if (filling_.count == filling_.records.size()) filling_.records.emplace_back();
  return filling_.records[filling_.count];
}

SourceRecord& RecordQueue::Blank() {
  SourceRecord& blank = Slot();
  blank.Clear();
  return blank;
}

Result<void> RecordQueue::Accept(SourceRecord&& record) {
  SourceRecord& slot = Slot();
  if (&record != &slot) slot = std::move(record);
  ++filling_.count;
  return HandOverWhenFull();
}

Result<void> RecordQueue::Reject(RejectedRecord record) { return Add(std::move(record)); }

// The sink has no answer to what it ignores: an error of before comes with the next call.
void RecordQueue::Ignore(const SourceReference& source, const std::string& what) {
  static_cast<void>(Add(Ignored{source, what}));
}

Result<void> RecordQueue::Add(std::variant<RejectedRecord, Ignored> item) {
  filling_.others.push_back({filling_.count, std::move(item)});
  return HandOverWhenFull();
}

Result<void> RecordQueue::HandOverWhenFull() {
  if (filling_.count + filling_.others.size() < kBatch) return {};
  return HandOver();
}

Result<void> RecordQueue::HandOver() {
  if (Put(read_, filling_)) {
    const std::lock_guard lock(mutex_);
    if (spare_.empty()) return {};
    filling_ = std::move(spare_.back());
    spare_.pop_back();
    return {};
  }
  filling_ = {};  // nobody takes it any more
  const std::lock_guard lock(mutex_);
  if (thrown_) std::rethrow_exception(thrown_);
  return outcome_;
}

Result<void> RecordQueue::Finish() {
  Result<void> handed = filling_.empty() ? Result<void>() : HandOver();
  Join();
  if (thrown_) std::rethrow_exception(thrown_);
  return handed ? outcome_ : handed;
}

// Leaves an empty batch; false, and the batch as it is, where nobody takes it any more.
bool RecordQueue::Put(Line& line, Batch& batch) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return line.batches.size() < kMostWaiting || stopped_; });
    if (stopped_) return false;
    line.batches.push_back(std::exchange(batch, {}));
  }
  changed_.notify_all();
  return true;
}

// False when there is none any more.
bool RecordQueue::Next(Line& line, Batch& batch) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !line.batches.empty() || line.closed || stopped_; });
    if (line.batches.empty() || stopped_) return false;
    batch = std::move(line.batches.front());
    line.batches.pop_front();
  }
  changed_.notify_all();
  return true;
}

void RecordQueue::GiveBack(Batch& batch) {
  batch.count = 0;
  batch.others.clear();
  const std::lock_guard lock(mutex_);
  spare_.push_back(std::exchange(batch, {}));
}

void RecordQueue::Stop(Result<void> outcome, std::exception_ptr thrown) {
  {
    const std::lock_guard lock(mutex_);
    if (!thrown_) thrown_ = std::move(thrown);
    if (outcome_) outcome_ = std::move(outcome);
    stopped_ = true;
  }
  changed_.notify_all();
}

void RecordQueue::PrepareBatches() {
  try {
    Batch batch;
    while (Next(read_, batch)) {
      for (std::size_t i = 0; i < batch.count; ++i) prepare_(batch.records[i]);
      if (!Put(prepared_, batch)) return;
    }
    Close(prepared_);
  } catch (...) {
    Stop({}, std::current_exception());
  }
}

Result<void> RecordQueue::TakeAll(Batch& batch) {
  auto other = batch.others.begin();
  for (std::size_t taken = 0; taken <= batch.count; ++taken) {
    for (; other != batch.others.end() && other->before == taken; ++other) {
      CLINNOVA_TRY(TakeOther(*other));
    }
    if (taken < batch.count) CLINNOVA_TRY(sink_.Accept(std::move(batch.records[taken])));
  }
  return {};
}

Result<void> RecordQueue::TakeOther(Other& other) {
  if (auto* rejected = std::get_if<RejectedRecord>(&other.item)) {
    return sink_.Reject(std::move(*rejected));
  }
  const Ignored& ignored = std::get<Ignored>(other.item);
  sink_.Ignore(ignored.source, ignored.what);
  return {};
}

void RecordQueue::TakeBatches() {
  try {
    Result<void> outcome;
    Batch batch;
    while (outcome && Next(prepare_ ? prepared_ : read_, batch)) {
      outcome = TakeAll(batch);
      GiveBack(batch);
    }
    Stop(std::move(outcome), nullptr);
  } catch (...) {
    Stop({}, std::current_exception());
  }
}

}  // namespace clinnova::intake
