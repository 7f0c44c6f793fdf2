// SPDX-License-Identifier: Apache-2.0
// Hands records from the thread that reads them to one that takes them: an import reads the next lines of a
// file while it looks up, hashes and stages the last ones.
//
//   RecordQueue queue(loader);
//   CLINNOVA_TRY(ReadCsv(path, mapping, queue));
//   CLINNOVA_TRY(queue.Finish());   // the loader has taken everything, in the reader's order
//
// Thread rule: one thread fills the queue; the sink belongs to the queue's own thread until Finish() has
// returned or the queue is gone. Memory: a few thousand records.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "intake/source_record.h"

namespace clinnova::intake {

class RecordQueue final : public RecordSink {
 public:
  /// `sink` is not owned and outlives the queue.
  explicit RecordQueue(RecordSink& sink);
  /// Without Finish() before: what was not taken yet is dropped.
  ~RecordQueue() override;

  /// The sink's first error comes back from one of the next calls, at the latest from Finish(); nothing is
  /// taken after it. What the sink throws is thrown here.
  Result<void> Accept(SourceRecord record) override;
  Result<void> Reject(RejectedRecord record) override;
  void Ignore(const SourceReference& source, const std::string& what) override;

  /// Waits until everything is taken. Nothing may be added afterwards.
  Result<void> Finish();

 private:
  struct Ignored {
    SourceReference source;
    std::string what;
  };
  using Item = std::variant<SourceRecord, RejectedRecord, Ignored>;
  using Batch = std::vector<Item>;

  Result<void> Add(Item item);
  Result<void> HandOver();
  void Close();
  void TakeBatches();
  Result<void> TakeAll(Batch& batch);
  bool NextBatch(Batch& batch);

  RecordSink& sink_;  // not owned, outlives this
  Batch filling_;     // of the thread that fills
  std::mutex mutex_;  // of everything below but the thread
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  Batch spare_;  ///< an empty one, for its memory
  bool closed_ = false;
  bool stopped_ = false;  ///< the sink takes no more
  Result<void> outcome_;
  std::exception_ptr thrown_;
  std::thread thread_;
};

}  // namespace clinnova::intake
