// SPDX-License-Identifier: Apache-2.0
#include "intake/record_queue.h"

#include <utility>

namespace clinnova::intake {
namespace {

constexpr std::size_t kBatch = 256;
constexpr std::size_t kMostWaiting = 8;

}  // namespace

RecordQueue::RecordQueue(RecordSink& sink) : sink_(sink), thread_([this] { TakeBatches(); }) {}

RecordQueue::~RecordQueue() {
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
  }
  Close();
}

void RecordQueue::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<void> RecordQueue::Accept(SourceRecord record) { return Add(std::move(record)); }

Result<void> RecordQueue::Reject(RejectedRecord record) { return Add(std::move(record)); }

// The sink has no answer to what it ignores: an error of before comes with the next call.
void RecordQueue::Ignore(const SourceReference& source, const std::string& what) {
  static_cast<void>(Add(Ignored{source, what}));
}

Result<void> RecordQueue::Add(Item item) {
  filling_.push_back(std::move(item));
  if (filling_.size() < kBatch) return {};
  return HandOver();
}

Result<void> RecordQueue::HandOver() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kMostWaiting || stopped_; });
  if (stopped_) filling_.clear();  // nobody takes it any more
  if (thrown_) std::rethrow_exception(thrown_);
  if (stopped_) return outcome_;
  waiting_.push_back(std::exchange(filling_, std::exchange(spare_, {})));
  lock.unlock();
  changed_.notify_all();
  return {};
}

Result<void> RecordQueue::Finish() {
  Result<void> handed = filling_.empty() ? Result<void>() : HandOver();
  Close();
  if (thrown_) std::rethrow_exception(thrown_);
  return handed ? outcome_ : handed;
}

// False when there is none any more.
bool RecordQueue::NextBatch(Batch& batch) {
  batch.clear();
  std::unique_lock lock(mutex_);
  spare_ = std::move(batch);
  changed_.wait(lock, [this] { return !waiting_.empty() || closed_; });
  if (waiting_.empty()) return false;
  batch = std::move(waiting_.front());
  waiting_.pop_front();
  lock.unlock();
  changed_.notify_all();
  return true;
}

Result<void> RecordQueue::TakeAll(Batch& batch) {
  for (Item& item : batch) {
    if (auto* record = std::get_if<SourceRecord>(&item)) {
      CLINNOVA_TRY(sink_.Accept(std::move(*record)));
    } else if (auto* rejected = std::get_if<RejectedRecord>(&item)) {
      CLINNOVA_TRY(sink_.Reject(std::move(*rejected)));
    } else {
      const Ignored& ignored = std::get<Ignored>(item);
      sink_.Ignore(ignored.source, ignored.what);
    }
  }
  return {};
}

void RecordQueue::TakeBatches() {
  Result<void> outcome;
  std::exception_ptr thrown;
  try {
    Batch batch;
    while (outcome && NextBatch(batch)) outcome = TakeAll(batch);
  } catch (...) {
    thrown = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
    thrown_ = thrown;
    stopped_ = true;
  }
  changed_.notify_all();
}

}  // namespace clinnova::intake
