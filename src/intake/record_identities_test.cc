// SPDX-License-Identifier: Apache-2.0
#include "intake/record_identities.h"

#include <gtest/gtest.h>

namespace clinnova::intake {
namespace {

SourceRecord Measured(const std::string& id, double number) {
  SourceRecord record;
  record.kind = RecordKind::kMeasurement;
  record.id = id;
  record.patient_id = "anna-0001";
  record.visit_id = "anna-0001/7";
  record.codes = {{"LOINC", "1988-5"}};
  record.value.emplace().number = number;
  return record;
}

TEST(RecordIdentities, AreTheKeyedHashesOfWhatTheSourceSays) {
  const auto key = PseudonymKey::ForMemory();
  RecordIdentities identities(*key);
  SourceRecord record = Measured("m1", 12);
  EXPECT_EQ(identities.RowId(record), key->RowId("measurement", "m1"));
  EXPECT_EQ(identities.PersonId(record.patient_id), key->PersonId("anna-0001"));
  EXPECT_EQ(identities.VisitId(record.visit_id), key->RowId("visit", "anna-0001/7"));

  SourceRecord other = Measured("m2", 12);
  other.patient_id = "berta-0002";
  other.visit_id.clear();
  EXPECT_EQ(identities.RowId(other), key->RowId("measurement", "m2"));
  EXPECT_EQ(identities.PersonId(other.patient_id), key->PersonId("berta-0002"));
  EXPECT_EQ(identities.VisitId(other.visit_id), 0);

  const RecordPattern pattern{.number = 0, .sample = record};
  EXPECT_EQ(identities.RowId(PatternedRecord{.pattern = &pattern, .id = "m3"}),
            key->RowId("measurement", "m3"));
}

TEST(RecordIdentities, OfAPersonAreThePersons) {
  const auto key = PseudonymKey::ForMemory();
  RecordIdentities identities(*key);
  SourceRecord person;
  person.kind = RecordKind::kPerson;
  person.id = person.patient_id = "anna-0001";
  EXPECT_EQ(identities.RowId(person), key->PersonId("anna-0001"));
}

TEST(RecordIdentities, AreTheContentsWhereARecordHasNoneOfItsOwn) {
  const auto key = PseudonymKey::ForMemory();
  RecordIdentities identities(*key);
  const std::int64_t row = identities.RowId(Measured("", 12));
  EXPECT_EQ(identities.RowId(Measured("", 12)), row);
  EXPECT_NE(identities.RowId(Measured("", 13)), row);
}

}  // namespace
}  // namespace clinnova::intake
