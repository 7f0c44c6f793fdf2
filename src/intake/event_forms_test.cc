// SPDX-License-Identifier: Apache-2.0
#include "intake/event_forms.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "intake/load_statements.h"

namespace clinnova::intake {
namespace {

SourceRecord RecordAt(const std::string& path) {
  SourceRecord record;
  record.kind = RecordKind::kMeasurement;
  record.source.path = path;
  return record;
}

ResolvedEvent Event() {
  ResolvedEvent event;
  event.table = RecordKind::kMeasurement;
  event.concept_id = 3020460;
  event.source_value = "1988-5";
  event.unit_source = "mg/L";
  return event;
}

class EventFormsTest : public testing::Test {
 protected:
  EventFormsTest() : database_(*core::Database::Open({})) {
    EXPECT_TRUE(database_.Execute(kCreateStaging).has_value());
  }
  std::int64_t Staged() { return *database_.QueryInt64("SELECT count(*) FROM stage_form"); }

  core::Database database_;
};

TEST_F(EventFormsTest, KeepsOnceWhatManyEventsShare) {
  EventForms forms = *EventForms::Open(database_);
  const SourceRecord record = RecordAt("Resultat");
  const std::int64_t first = forms.NumberOf(EventForm::Of(record, Event(), 7));
  {
    ResolvedEvent again = Event();  // its texts die with it
    again.number = 12;
    again.value_text = "12";
    EXPECT_EQ(forms.NumberOf(EventForm::Of(record, again, 7)), first);
  }
  EXPECT_EQ(forms.NumberOf(EventForm::Of(record, Event(), 7)), first);
  ASSERT_TRUE(forms.Finish().has_value());
  EXPECT_EQ(Staged(), 1);
  EXPECT_EQ(*database_.QueryInt64(
                "SELECT count(*) FROM stage_form WHERE kind = 'measurement' AND "
                "target = 'measurement' AND date_precision = 'day' AND concept_id = 3020460 AND "
                "source_id = 7 AND source_value = '1988-5' AND unit_source = 'mg/L' AND "
                "comparator = '' AND route IS NULL AND path = 'Resultat'"),
            1);
}

TEST_F(EventFormsTest, TellsApartWhatDiffersInOneThing) {
  EventForms forms = *EventForms::Open(database_);
  std::set<std::int64_t> numbers;
  const auto add = [&](auto change) {
    SourceRecord record = RecordAt("Resultat");
    ResolvedEvent event = Event();
    std::int64_t source = 7;
    change(record, event, source);
    numbers.insert(forms.NumberOf(EventForm::Of(record, event, source)));
  };
  add([](auto&, auto&, auto&) {});
  add([](auto& r, auto&, auto&) { r.kind = RecordKind::kObservation; });
  add([](auto& r, auto&, auto&) { r.source.path = "Wert"; });
  add([](auto&, auto& e, auto&) { e.table = RecordKind::kObservation; });
  add([](auto&, auto& e, auto&) { e.start.precision = SourceTime::Precision::kMonth; });
  add([](auto&, auto& e, auto&) { e.concept_id = 1; });
  add([](auto&, auto& e, auto&) { e.operator_concept_id = 1; });
  add([](auto&, auto& e, auto&) { e.value_concept_id = 1; });
  add([](auto&, auto& e, auto&) { e.unit_concept_id = 1; });
  add([](auto&, auto& e, auto&) { e.type_concept_id = 1; });
  add([](auto&, auto& e, auto&) { e.source_value = "a longer code than sixteen bytes"; });
  add([](auto&, auto& e, auto&) { e.unit_source = "mg/dL"; });
  add([](auto&, auto& e, auto&) { e.comparator = "<"; });
  add([](auto&, auto& e, auto&) { e.route = "oral"; });
  add([](auto&, auto&, auto& source) { source = 8; });
  EXPECT_EQ(numbers.size(), 15u);
  ASSERT_TRUE(forms.Finish().has_value());
  EXPECT_EQ(Staged(), 15);
}

TEST_F(EventFormsTest, LeavesAPlaceOfItsOwnToTheRow) {
  EXPECT_EQ(OwnPlace(RecordAt("Bundle.entry[3].resource")), "Bundle.entry[3].resource");
  EXPECT_EQ(EventForm::Of(RecordAt("Bundle.entry[3].resource"), Event(), 7).path, "");
  EXPECT_EQ(OwnPlace(RecordAt("Resultat")), "");
  EXPECT_EQ(OwnPlace(RecordAt("")), "");
}

TEST_F(EventFormsTest, StagesAgainWhatItForgotForItsMemory) {
  EventForms forms = *EventForms::Open(database_);
  const SourceRecord record = RecordAt("Text");
  ResolvedEvent event = Event();
  std::set<std::int64_t> numbers;
  constexpr int kTexts = 40000;
  for (int i = 0; i < kTexts; ++i) {
    event.source_value = "a free text of its own " + std::to_string(i);
    numbers.insert(forms.NumberOf(EventForm::Of(record, event, 7)));
  }
  EXPECT_EQ(numbers.size(), static_cast<std::size_t>(kTexts));
  event.source_value = "a free text of its own 0";
  EXPECT_FALSE(numbers.contains(forms.NumberOf(EventForm::Of(record, event, 7))));
  ASSERT_TRUE(forms.Finish().has_value());
  EXPECT_EQ(Staged(), kTexts + 1);
  EXPECT_EQ(*database_.QueryInt64("SELECT count(DISTINCT form) FROM stage_form"), kTexts + 1);
}

}  // namespace
}  // namespace clinnova::intake
