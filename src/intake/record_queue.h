// SPDX-License-Identifier: Apache-2.0
// Hands records from the thread that reads them to one that takes them: an import reads the next lines of a file while
// it stages the last ones.
//
//   RecordQueue queue(loader);
//   CLINNOVA_TRY(ReadCsv(path, mapping, queue));
//   CLINNOVA_TRY(queue.Finish());   // the loader has taken everything, in the reader's order
//
// Thread rule: one thread fills the queue; the sink belongs to the queue's own thread until Finish() has returned or the
// queue is gone. Memory: a few thousand records.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "intake/batch_texts.h"
#include "intake/batch_thread.h"
#include "intake/source_record.h"

namespace clinnova::intake {

class RecordQueue final : public RecordSink {
 public:
  /// `sink` is not owned and outlives the queue. One that is given up without Finish() drops what was not taken yet.
  explicit RecordQueue(RecordSink& sink);
  /// The sink's first error comes back from one of the next calls, at the latest from Finish(); nothing is
  /// taken after it. What the sink throws is thrown here.
  SourceRecord& Blank() override;
  Result<void> Accept(SourceRecord&& record) override;
  const RecordPattern* KeepPattern(SourceRecord sample) override;
  Result<void> AcceptPatterned(const PatternedRecord& record) override;
  Result<void> Reject(RejectedRecord record) override;
  void Ignore(const SourceReference& source, const std::string& what) override;

  /// Waits until everything is taken. Nothing may be added afterwards.
  Result<void> Finish();

 private:
  struct Ignored {
    SourceReference source;
    std::string what;
  };
  using Other = std::variant<RejectedRecord, Ignored>;
  enum class Item : std::uint8_t { kRecord, kPatterned, kOther };
  /// Goes to and fro between the threads with its records, which are never destroyed: their texts' memory
  /// serves the next ones.
  struct Batch {
    std::vector<Item> items;  ///< what waits, in the reader's order
    std::vector<SourceRecord> records;
    std::size_t count = 0;  ///< of `records`, those that wait
    std::vector<PatternedRecord> patterned;
    BatchTexts texts;  ///< that `patterned` view
    std::vector<Other> others;

    bool empty() const { return items.empty(); }
    bool full() const;
    void Clear();
  };

  /// Where the next record goes.
  SourceRecord& Slot();
  Result<void> Add(Other item);
  Result<void> HandOverWhenFull();
  Result<void> TakeAll(Batch& batch);
  Result<void> TakeOther(Other& other);

  RecordSink& sink_;  // not owned, outlives this
  Batch filling_;
  BatchThread<Batch> thread_;
};

}  // namespace clinnova::intake
