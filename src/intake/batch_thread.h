// SPDX-License-Identifier: Apache-2.0
// Batches of work handed to a thread of its own, in order: one thread fills the next batch while another is at work on
// the last ones.
//
//   BatchThread<Batch> thread([&](Batch& batch) { return TakeAll(batch); });
//   CLINNOVA_TRY(thread.HandOver(batch));   // a full one; leaves an empty one, with the memory of one before
//   CLINNOVA_TRY(thread.Finish(batch));     // the last; everything is taken
//
// Thread rule: one thread hands over. What `take` uses belongs to the thread of its own until Finish() has returned or
// the object is gone. Memory: a few batches.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"

namespace clinnova::intake {

/// `Batch` can be moved, knows whether it is empty() and has a Clear() that keeps its memory. The thread begins with the first
/// batch that is handed over.
template <typename Batch>
class BatchThread {
 public:
  /// At most so many batches wait.
  explicit BatchThread(std::function<Result<void>(Batch&)> take, std::size_t most_waiting = 32)
      : take_(std::move(take)), most_waiting_(most_waiting) {}
  /// Without Finish() before: what was not taken yet is dropped.
  ~BatchThread() {
    {
      const std::lock_guard lock(mutex_);
      waiting_.clear();
    }
    Join();
  }
  BatchThread(const BatchThread&) = delete;
  BatchThread& operator=(const BatchThread&) = delete;

  /// take's first error comes back from one of the next calls, at the latest from Finish(); nothing is taken after it.
  /// What it throws is thrown here.
  Result<void> HandOver(Batch& batch) {
    if (!thread_.joinable()) thread_ = std::thread([this] { TakeBatches(); });
    {
      std::unique_lock lock(mutex_);
      left_.wait(lock, [&] { return waiting_.size() < most_waiting_ || stopped_; });
      if (stopped_) {
        batch.Clear();
        return Outcome();
      }
      waiting_.push_back(std::exchange(batch, {}));
      if (!spare_.empty()) {
        batch = std::move(spare_.back());
        spare_.pop_back();
      }
    }
    came_.notify_one();
    return {};
  }

  /// Hands the last batch over, which may be empty, and waits until everything is taken; an only one is taken on this
  /// thread. Nothing may be handed over afterwards.
  Result<void> Finish(Batch& last) {
    if (!thread_.joinable()) return last.empty() ? Result<void>() : take_(last);
    const Result<void> handed = last.empty() ? Result<void>() : HandOver(last);
    Join();
    return handed ? Outcome() : handed;
  }

 private:
  Result<void> Outcome() {
    if (thrown_) std::rethrow_exception(thrown_);
    return outcome_;
  }

  void Join() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    came_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  // False when there is none any more.
  bool Next(Batch& batch) {
    {
      std::unique_lock lock(mutex_);
      came_.wait(lock, [&] { return !waiting_.empty() || closed_; });
      if (waiting_.empty()) return false;
      batch = std::move(waiting_.front());
      waiting_.pop_front();
    }
    left_.notify_one();
    return true;
  }

  void TakeBatches() {
    Result<void> outcome;
    std::exception_ptr thrown;
    try {
      Batch batch;
      while (outcome && Next(batch)) {
        outcome = take_(batch);
        batch.Clear();
        const std::lock_guard lock(mutex_);
        spare_.push_back(std::exchange(batch, {}));
      }
    } catch (...) {
      thrown = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      outcome_ = std::move(outcome);
      thrown_ = thrown;
      stopped_ = true;
    }
    left_.notify_one();
  }

  std::function<Result<void>(Batch&)> take_;
  std::size_t most_waiting_;
  std::mutex mutex_;  // of everything below but the thread
  std::deque<Batch> waiting_;
  std::condition_variable came_, left_;  ///< a batch of them; or there will be none
  std::vector<Batch> spare_;             ///< empty ones, for their memory
  bool closed_ = false;                  ///< none comes any more
  bool stopped_ = false;                 ///< none is taken any more
  Result<void> outcome_;
  std::exception_ptr thrown_;
  std::thread thread_;
};

}  // namespace clinnova::intake
