// SPDX-License-Identifier: Apache-2.0
// Hands records from the thread that reads them to one that takes them, through one that prepares them: an import
// reads the next lines of a file while it hashes the identities of the last ones and stages those before.
//
//   RecordQueue queue(loader, [&](SourceRecord& record) { identities.Compute(record); });
//   CLINNOVA_TRY(ReadCsv(path, mapping, queue));
//   CLINNOVA_TRY(queue.Finish());   // the loader has taken everything, in the reader's order
//
// Thread rule: one thread fills the queue; the sink belongs to one of the queue's own threads and what prepares to
// the other, until Finish() has returned or the queue is gone. Memory: a few thousand records.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "intake/source_record.h"

namespace clinnova::intake {

class RecordQueue final : public RecordSink {
 public:
  using Prepare = std::function<void(SourceRecord&)>;

  /// `sink` is not owned and outlives the queue; `prepare` is called for every record before the sink, in the
  /// reader's order. Without one there is no thread for it.
  explicit RecordQueue(RecordSink& sink, Prepare prepare = {});
  /// Without Finish() before: what was not taken yet is dropped.
  ~RecordQueue() override;

  /// The sink's first error comes back from one of the next calls, at the latest from Finish(); nothing is
  /// taken after it. What the sink throws is thrown here.
  SourceRecord& Blank() override;
  Result<void> Accept(SourceRecord&& record) override;
  Result<void> Reject(RejectedRecord record) override;
  void Ignore(const SourceReference& source, const std::string& what) override;

  /// Waits until everything is taken. Nothing may be added afterwards.
  Result<void> Finish();

 private:
  struct Ignored {
    SourceReference source;
    std::string what;
  };
  /// What is not loaded, with the number of records of its batch that came before it.
  struct Other {
    std::size_t before = 0;
    std::variant<RejectedRecord, Ignored> item;
  };
  /// Goes to and fro between the threads with its records, which are never destroyed: their texts' memory
  /// serves the next ones.
  struct Batch {
    std::vector<SourceRecord> records;
    std::size_t count = 0;  ///< of `records`, those that wait
    std::vector<Other> others;

    bool empty() const { return count == 0 && others.empty(); }
  };

  /// Where the next record goes.
  SourceRecord& Slot();
  Result<void> Add(std::variant<RejectedRecord, Ignored> item);
  Result<void> HandOverWhenFull();
  /// Where batches wait for the next thread.
  struct Line {
    std::deque<Batch> batches;
    bool closed = false;  ///< none comes any more
  };

  Result<void> HandOver();
  void Close(Line& line);
  void Join();
  bool Put(Line& line, Batch& batch);
  bool Next(Line& line, Batch& batch);
  void GiveBack(Batch& batch);
  void Stop(Result<void> outcome, std::exception_ptr thrown);
  void PrepareBatches();
  void TakeBatches();
  Result<void> TakeAll(Batch& batch);
  Result<void> TakeOther(Other& other);

  RecordSink& sink_;  // not owned, outlives this
  Prepare prepare_;
  Batch filling_;     // of the thread that fills
  std::mutex mutex_;  // of everything below but the threads
  std::condition_variable changed_;
  Line read_, prepared_;
  std::vector<Batch> spare_;  ///< empty ones, for their memory
  bool stopped_ = false;      ///< the sink takes no more
  Result<void> outcome_;
  std::exception_ptr thrown_;
  std::thread preparing_, taking_;
};

}  // namespace clinnova::intake
