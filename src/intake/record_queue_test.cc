// SPDX-License-Identifier: Apache-2.0
#include "intake/record_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

SourceRecord Numbered(int number) {
  SourceRecord record;
  record.id = "a record's identity, number " + std::to_string(number);
  return record;
}

/// Fails or throws at the record of this number.
class Stumbling final : public RecordSink {
 public:
  enum class How { kFails, kThrows };
  Stumbling(int at, How how) : at_(at), how_(how) {}
  Result<void> Accept(SourceRecord&&) override {
    if (++taken != at_) return {};
    if (how_ == How::kThrows) throw std::runtime_error("stumbled");
    return Fail(ErrorCode::kFailed, "stumbled");
  }
  Result<void> Reject(RejectedRecord) override { return {}; }
  void Ignore(const SourceReference&, const std::string&) override {}

  int taken = 0;

 private:
  int at_;
  How how_;
};

/// Takes everything, and counts what is ignored.
class Counting final : public RecordSink {
 public:
  Result<void> Accept(SourceRecord&&) override { return {}; }
  Result<void> Reject(RejectedRecord) override { return {}; }
  void Ignore(const SourceReference&, const std::string&) override { ++ignored; }

  std::atomic<int> ignored = 0;
};

TEST(RecordQueue, HandsEverythingOverInOrder) {
  RecordKeeper kept;
  RecordQueue queue(kept);
  constexpr int kRecords = 10'000;
  for (int i = 0; i < kRecords; ++i) {
    ASSERT_TRUE(queue.Accept(Numbered(i)));
    if (i % 100 == 0) {
      ASSERT_TRUE(queue.Reject({.source = {"f.csv", static_cast<std::uint64_t>(i), ""},
                                .rule = "csv.quote",
                                .message = "",
                                .raw = ""}));
    }
    if (i % 10 == 0) queue.Ignore({}, "not loaded");
  }
  ASSERT_TRUE(queue.Finish());
  ASSERT_EQ(kept.records.size(), static_cast<std::size_t>(kRecords));
  for (int i = 0; i < kRecords; ++i) EXPECT_EQ(kept.records[i].id, Numbered(i).id);
  ASSERT_EQ(kept.rejected.size(), 100u);
  EXPECT_EQ(kept.Rules().back(), "csv.quote@9900");
  EXPECT_EQ(kept.ignored.at("not loaded"), 1000);
}

TEST(RecordQueue, HandsOverPatternedRecordsAmongTheOthersInOrder) {
  RecordKeeper kept;
  RecordQueue queue(kept);
  SourceRecord sample = Numbered(0);
  sample.codes = {{"LOINC", "1988-5"}};
  sample.value.emplace().unit = "mg/L";
  const RecordPattern* pattern = queue.KeepPattern(sample);
  ASSERT_NE(pattern, nullptr);
  for (int i = 0; i < 10'000; ++i) {
    if (i % 3 == 0) {
      ASSERT_TRUE(queue.Accept(Numbered(i)));
      continue;
    }
    // The texts are gone before the sink takes the record, and one is longer than all of a batch's may be.
    const std::string id = Numbered(i).id;
    const std::string text = i == 5000 ? std::string(1 << 20, '5') : std::to_string(i);
    ASSERT_TRUE(queue.AcceptPatterned({.pattern = pattern,
                                       .line = static_cast<std::uint64_t>(i),
                                       .id = id,
                                       .patient_id = "anna-0001",
                                       .start = OnDay(2024, 2, 29),
                                       .number = i,
                                       .text = text}));
  }
  ASSERT_TRUE(queue.Finish());
  ASSERT_EQ(kept.records.size(), 10'000u);
  for (int i = 0; i < 10'000; ++i) {
    const SourceRecord& record = kept.records[i];
    ASSERT_EQ(record.id, Numbered(i).id);
    if (i % 3 == 0) continue;
    ASSERT_EQ(record.source.line, static_cast<std::uint64_t>(i));
    ASSERT_EQ(record.patient_id, "anna-0001");
    ASSERT_EQ(record.codes.front().code, "1988-5");
    ASSERT_EQ(record.start->day, 29);
    ASSERT_EQ(record.value->number, i);
    ASSERT_EQ(record.value->text, i == 5000 ? std::string(1 << 20, '5') : std::to_string(i));
    ASSERT_EQ(record.value->unit, "mg/L");
  }
}

TEST(RecordQueue, GivesBlankRecordsThatHaveNothingOfEarlierOnes) {
  RecordKeeper kept;
  RecordQueue queue(kept);
  for (int i = 0; i < 10'000; ++i) {
    SourceRecord& record = queue.Blank();
    ASSERT_TRUE(record.id.empty() && record.visit_id.empty() && record.codes.empty());
    ASSERT_TRUE(!record.value && !record.start && !record.birth && !record.quantity);
    ASSERT_TRUE(record.identity_words.empty() && record.details == nullptr);
    ASSERT_EQ(record.source.line, 0u);
    record = Numbered(i);
    record.source = {"a file's name, too long to be kept in place", 7, "a column"};
    record.visit_id = "a visit's identity, too long to be kept in place";
    record.codes = {{"LOINC", "1988-5", "a name that is too long to be kept in place"}};
    record.value.emplace().text = "12";
    record.start = record.birth = OnDay(2024, 2, 29);
    record.quantity = 2;
    record.identity_words = {"Zimmermann"};
    const bool is_whole =
        i % 3 == 1;  // what turns out to be no record is filled in and not accepted
    ASSERT_TRUE(!is_whole || queue.Accept(std::move(record)));
  }
  ASSERT_TRUE(queue.Finish());
  ASSERT_EQ(kept.records.size(), 3333u);
  EXPECT_EQ(kept.records.back().id, Numbered(9997).id);
  EXPECT_EQ(kept.records.back().codes.front().code, "1988-5");
}

TEST(RecordQueue, HandsOverWhatIsIgnoredAsItComes) {
  Counting sink;
  RecordQueue queue(sink);
  for (int i = 0; i < 100'000; ++i) queue.Ignore({}, "not loaded");
  // 32 batches of 512 may wait, one is being taken and one being filled.
  EXPECT_GE(sink.ignored, 100'000 - 34 * 512);
  ASSERT_TRUE(queue.Finish());
  EXPECT_EQ(sink.ignored, 100'000);
}

TEST(RecordQueue, TellsAnErrorOfBeforeWhatIsIgnored) {
  Stumbling sink(2, Stumbling::How::kFails);
  RecordQueue queue(sink);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.Accept(Numbered(i)));
  for (int i = 0; i < 100'000; ++i) queue.Ignore({}, "not loaded");
  const auto finished = queue.Finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().message, "stumbled");
}

TEST(RecordQueue, HasNothingToHandOver) {
  RecordKeeper kept;
  RecordQueue queue(kept);
  ASSERT_TRUE(queue.Finish());
  EXPECT_TRUE(kept.records.empty());
}

TEST(RecordQueue, PassesTheSinksErrorOnAndStops) {
  Stumbling sink(700, Stumbling::How::kFails);
  RecordQueue queue(sink);
  Result<void> result;
  int added = 0;
  for (; result && added < 1'000'000; ++added) result = queue.Accept(Numbered(added));
  EXPECT_LT(added, 1'000'000) << "told before the end";
  if (result) result = queue.Finish();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "stumbled");
  EXPECT_FALSE(queue.Finish());
  EXPECT_EQ(sink.taken, 700);
}

TEST(RecordQueue, TellsAnErrorAtTheEnd) {
  Stumbling sink(2, Stumbling::How::kFails);
  RecordQueue queue(sink);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.Accept(Numbered(i)));
  const auto finished = queue.Finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().message, "stumbled");
}

TEST(RecordQueue, ThrowsWhatTheSinkThrows) {
  Stumbling sink(2, Stumbling::How::kThrows);
  RecordQueue queue(sink);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.Accept(Numbered(i)));
  EXPECT_THROW(static_cast<void>(queue.Finish()), std::runtime_error);
}

TEST(RecordQueue, DropsWhatIsNotTakenWhenItIsGivenUp) {
  RecordKeeper kept;
  {
    RecordQueue queue(kept);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(queue.Accept(Numbered(i)));
  }
  EXPECT_LE(kept.records.size(), 1000u);
}

}  // namespace
}  // namespace clinnova::intake
