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
  identities.Compute(record);
  EXPECT_EQ(record.rows.row, key->RowId("measurement", "m1"));
  EXPECT_EQ(record.rows.person, key->PersonId("anna-0001"));
  EXPECT_EQ(record.rows.visit, key->RowId("visit", "anna-0001/7"));

  SourceRecord other = Measured("m2", 12);
  other.patient_id = "berta-0002";
  other.visit_id.clear();
  identities.Compute(other);
  EXPECT_EQ(other.rows.row, key->RowId("measurement", "m2"));
  EXPECT_EQ(other.rows.person, key->PersonId("berta-0002"));
  EXPECT_EQ(other.rows.visit, 0);
}

TEST(RecordIdentities, OfAPersonAreThePersons) {
  const auto key = PseudonymKey::ForMemory();
  RecordIdentities identities(*key);
  SourceRecord person;
  person.kind = RecordKind::kPerson;
  person.id = person.patient_id = "anna-0001";
  identities.Compute(person);
  EXPECT_EQ(person.rows.row, key->PersonId("anna-0001"));
}

TEST(RecordIdentities, AreTheContentsWhereARecordHasNoneOfItsOwn) {
  const auto key = PseudonymKey::ForMemory();
  RecordIdentities identities(*key);
  SourceRecord record = Measured("", 12), again = Measured("", 12), other = Measured("", 13);
  for (SourceRecord* each : {&record, &again, &other}) identities.Compute(*each);
  EXPECT_EQ(record.rows.row, again.rows.row);
  EXPECT_NE(record.rows.row, other.rows.row);
}

TEST(RecordIdentities, AreNotComputedWithoutAPatient) {
  const auto key = PseudonymKey::ForMemory();
  RecordIdentities identities(*key);
  SourceRecord place = Measured("p1", 0);
  place.kind = RecordKind::kCareSite;
  SourceRecord nobodys = Measured("m1", 12);
  nobodys.patient_id.clear();
  for (SourceRecord* each : {&place, &nobodys}) {
    identities.Compute(*each);
    EXPECT_EQ(each->rows.row, 0);
    EXPECT_EQ(each->rows.person, 0);
  }
}

}  // namespace
}  // namespace clinnova::intake
