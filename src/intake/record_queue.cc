// SPDX-License-Identifier: Apache-2.0
#include "intake/record_queue.h"

#include <algorithm>
#include <utility>

namespace clinnova::intake {
namespace {

constexpr std::size_t kBatch = 512;
/// Room for the texts of a batch's patterned records.
constexpr std::size_t kTexts = std::size_t{128} * kBatch;

}  // namespace

void RecordQueue::Batch::Clear() {
  items.clear();
  count = 0;
  patterned.clear();
  text_size = 0;
  others.clear();
}

std::string_view RecordQueue::Batch::Keep(std::string_view text) {
  char* const kept = texts.get() + text_size;
  std::copy(text.begin(), text.end(), kept);
  text_size += text.size();
  return {kept, text.size()};
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
  const std::size_t size =
      record.id.size() + record.patient_id.size() + record.visit_id.size() + record.text.size();
  if (size > kTexts) return Accept(record.Whole());
  if (filling_.text_size + size > kTexts) CLINNOVA_TRY(thread_.HandOver(filling_));
  if (!filling_.texts) filling_.texts = std::make_unique_for_overwrite<char[]>(kTexts);
  PatternedRecord& kept = filling_.patterned.emplace_back(record);
  for (std::string_view* text : {&kept.id, &kept.patient_id, &kept.visit_id, &kept.text}) {
    *text = filling_.Keep(*text);
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
  if (filling_.items.size() < kBatch) return {};
  return thread_.HandOver(filling_);
}

Result<void> RecordQueue::Finish() {
  Result<void> handed = filling_.items.empty() ? Result<void>() : thread_.HandOver(filling_);
  Result<void> taken = thread_.Finish();
  return handed ? taken : handed;
}

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
