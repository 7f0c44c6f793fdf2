// SPDX-License-Identifier: Apache-2.0
#include "intake/record_queue.h"

#include <utility>

namespace clinnova::intake {
namespace {

constexpr std::size_t kBatch = 512;

}  // namespace

bool RecordQueue::Batch::full() const { return items.size() >= kBatch || texts.full(); }

void RecordQueue::Batch::Clear() {
  items.clear();
  count = 0;
  patterned.clear();
  texts.Clear();
  others.clear();
}

RecordQueue::RecordQueue(RecordSink& sink)
    : sink_(sink), thread_([this](Batch& batch) { return TakeAll(batch); }) {}

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
  filling_.items.push_back(Item::kRecord);
  return HandOverWhenFull();
}

const RecordPattern* RecordQueue::KeepPattern(SourceRecord sample) {
  return sink_.KeepPattern(std::move(sample));
}

Result<void> RecordQueue::AcceptPatterned(const PatternedRecord& record) {
  PatternedRecord& kept = filling_.patterned.emplace_back(record);
  for (std::string_view* text : {&kept.id, &kept.patient_id, &kept.visit_id, &kept.text}) {
    *text = filling_.texts.Copy(*text);
  }
  filling_.items.push_back(Item::kPatterned);
  return HandOverWhenFull();
}

Result<void> RecordQueue::Reject(RejectedRecord record) { return Add(std::move(record)); }

// The sink has no answer to what it ignores: an error of before comes with the next call.
void RecordQueue::Ignore(const SourceReference& source, const std::string& what) {
  static_cast<void>(Add(Ignored{source, what}));
}

Result<void> RecordQueue::Add(Other item) {
  filling_.others.push_back(std::move(item));
  filling_.items.push_back(Item::kOther);
  return HandOverWhenFull();
}

Result<void> RecordQueue::HandOverWhenFull() {
  return filling_.full() ? thread_.HandOver(filling_) : Result<void>();
}

Result<void> RecordQueue::Finish() { return thread_.Finish(filling_); }

Result<void> RecordQueue::TakeAll(Batch& batch) {
  auto record = batch.records.begin();
  auto patterned = batch.patterned.begin();
  auto other = batch.others.begin();
  for (const Item item : batch.items) {
    switch (item) {
      case Item::kRecord: CLINNOVA_TRY(sink_.Accept(std::move(*record++))); break;
      case Item::kPatterned: CLINNOVA_TRY(sink_.AcceptPatterned(*patterned++)); break;
      case Item::kOther: CLINNOVA_TRY(TakeOther(*other++)); break;
    }
  }
  return {};
}

Result<void> RecordQueue::TakeOther(Other& other) {
  if (auto* rejected = std::get_if<RejectedRecord>(&other)) {
    return sink_.Reject(std::move(*rejected));
  }
  const Ignored& ignored = std::get<Ignored>(other);
  sink_.Ignore(ignored.source, ignored.what);
  return {};
}

}  // namespace clinnova::intake
