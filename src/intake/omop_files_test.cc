// SPDX-License-Identifier: Apache-2.0
#include "intake/omop_files.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "intake/import.h"
#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

class OmopFilesTest : public testing::Test {
 protected:
  OmopFilesTest() : store_(std::move(*store::Store::Open({}))) {}

  ImportReport Import(const std::string& error = "") {
    auto report = intake::Import(store_, {.paths = {(folder_.path() / "cdm").string()},
                                          .key_file = (folder_.path() / "key").string(),
                                          .runs_with_room = runs_with_room_});
    if (!error.empty()) {
      EXPECT_FALSE(report.has_value());
      const std::string message = report ? "" : report.error().message;
      EXPECT_NE(message.find(error), std::string::npos) << message;
      return {};
    }
    EXPECT_TRUE(report.has_value()) << report.error().message;
    if (!report) return {};
    for (const auto& [kind, counts] : report->kinds) {
      EXPECT_EQ(counts.read, counts.loaded + counts.quarantined + counts.ignored) << kind;
    }
    return std::move(*report);
  }
  std::int64_t Count(const std::string& sql) {
    const auto count = store_.database().QueryInt64(sql);
    EXPECT_TRUE(count.has_value()) << count.error().message;
    return count.value_or(-1);
  }
  void WritePersons() {
    folder_.Write("cdm/person.csv",
                  "PERSON_ID,GENDER_CONCEPT_ID,YEAR_OF_BIRTH,MONTH_OF_BIRTH,"
                  "\"date(birth_datetime,'unixepoch')\",RACE_CONCEPT_ID,ETHNICITY_CONCEPT_ID,"
                  "PERSON_SOURCE_VALUE\n"
                  "6,8532,1963,12,1963-12-31,8516,0,HOSP-0006\n7,8507,1950,NA,,,0,HOSP-0007\n");
  }

  void ReplaceByKey() {
    WritePersons();
    const std::string head =
        "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,"
        "drug_exposure_end_date,drug_type_concept_id\n";
    folder_.Write("cdm/drug_exposure.csv", head + "1,6,1119119,2020-01-01,2020-02-01,32838\n");
    folder_.Write(
        "cdm/fact_relationship.csv",
        "domain_concept_id_1,fact_id_1,domain_concept_id_2,fact_id_2,relationship_concept_"
        "id\n1,2,3,4,5\n");
    Import();
    const ImportReport again = Import();
    EXPECT_EQ(again.Total().loaded, 4);
    EXPECT_EQ(Count("SELECT count(*) FROM drug_exposure"), 1);
    EXPECT_EQ(Count("SELECT count(*) FROM fact_relationship"), 1);
    EXPECT_EQ(Count("SELECT count(*) FROM clinnova.provenance"), 3);
    folder_.Write("cdm/drug_exposure.csv", head + "1,6,1119119,2020-01-01,2020-03-01,32838\n");
    Import();
    EXPECT_EQ(
        Count("SELECT count(*) FROM drug_exposure WHERE drug_exposure_end_date = '2020-03-01'"), 1);
  }

  TestFolder folder_;
  std::int64_t runs_with_room_ = store::RowRemoval::kRunsWithRoom;
  store::Store store_;
};

TEST_F(OmopFilesTest, KnowsTablesByTheirFiles) {
  EXPECT_EQ(OmopTable("a/PERSON.csv")->name, "person");
  EXPECT_EQ(OmopTable("visit_occurrence.csv.gz")->name, "visit_occurrence");
  EXPECT_LT(OmopTable("person.csv")->order, OmopTable("measurement.parquet")->order);
  for (const char* other :
       {"persons.csv", "person", "person.xlsx", "condition_era.sql", "attribute_definition.csv"})
    EXPECT_FALSE(OmopTable(other).has_value()) << other;
}

TEST_F(OmopFilesTest, LeavesOtherFilesOfTheSameNameAlone) {
  EXPECT_TRUE(LooksLikeOmop("person.csv", "PERSON_ID,GENDER_CONCEPT_ID\n"));
  EXPECT_TRUE(LooksLikeOmop("person.csv.gz", "\x1f\x8b\x08"));
  EXPECT_FALSE(LooksLikeOmop("person.csv", "name;first name\nperson_id;x\n"));
  WritePersons();
  folder_.Write("cdm/location.csv", "room;floor\n12;3\n");
  EXPECT_EQ(Import().ignored_by_reason.at("a file of no known format"), 1);
}

TEST_F(OmopFilesTest, LetsNoNameOrAddressOfAProfessionalOrPlaceIn) {
  WritePersons();
  folder_.Write("cdm/location.csv",
                "location_id,address_1,city,state,zip,county,location_source_value,latitude\n"
                "1,Talstr 17,Winzeln,RP,66954,Pirmasens,LOC-4711,49.1\n");
  folder_.Write("cdm/care_site.csv",
                "care_site_id,care_site_name,location_id,care_site_source_value\n2,Praxis "
                "Vogelsang,1,CS-4711\n");
  folder_.Write(
      "cdm/provider.csv",
      "provider_id,provider_name,npi,dea,specialty_concept_id,care_site_id,provider_source_value\n"
      "3,Vogelsang,1999012345,AV9990123,38004459,2,DOC-4711\n");
  folder_.Write(
      "cdm/specimen.csv",
      "specimen_id,person_id,specimen_concept_id,specimen_type_concept_id,specimen_date,"
      "specimen_source_id\n4,6,4001225,32817,2020-01-02,BP-4711\n5,99,0,0,2020-01-02,BP-4712\n");
  folder_.Write("cdm/device_exposure.csv",
                "device_exposure_id,person_id,device_concept_id,device_exposure_start_date,device_"
                "type_concept_id,"
                "production_id,unique_device_id\n6,7,45758000,2020-01-02,32817,SN-4711,(01)"
                "09504000059118(21)SN-4711\n");
  for (int times = 0; times < 2; ++times) {
    const ImportReport report = Import();
    EXPECT_EQ(report.kinds.at("provider").loaded, 1);
    EXPECT_EQ(report.kinds.at("specimen").loaded, 1);
    EXPECT_EQ(report.kinds.at("device").loaded, 1);
    EXPECT_EQ(report.quarantined_by_rule.at("person.unknown"), 1);
    EXPECT_EQ(report.ignored_by_reason.at("column provider.npi: identifies, not loaded"), 1);
    EXPECT_EQ(
        Count(
            "SELECT count(*) FROM provider JOIN care_site USING (care_site_id) JOIN location USING "
            "(location_id) WHERE zip = '669' AND state = 'RP' AND city IS NULL AND "
            "length(provider_source_value) = 32 AND length(care_site_source_value) = 32"),
        1);
    EXPECT_EQ(Count("SELECT count(*) FROM specimen WHERE length(specimen_source_id) = 32"), 1);
    EXPECT_EQ(
        Count("SELECT count(*) FROM device_exposure WHERE unique_device_id = '09504000059118'"), 1);
  }
  for (const char* table : {"location", "care_site", "provider", "specimen", "device_exposure"}) {
    EXPECT_EQ(Count(std::string("SELECT count(*) FROM ") + table +
                    " t WHERE regexp_matches(t::VARCHAR, "
                    "'-4711|Vogelsang|9990123|Winzeln|Talstr|66954|49[.]1')"),
              0)
        << table;
  }
}

TEST_F(OmopFilesTest, LoadsCdm53WithItsOldNames) {
  WritePersons();
  folder_.Write(
      "cdm/visit_occurrence.csv",
      "visit_occurrence_id;person_id;visit_concept_id;visit_start_date;visit_end_date;"
      "visit_type_concept_id;admitting_source_concept_id;discharge_to_source_value;our_column\n"
      "65;6;9201;1996-08-21 00:00:00;19960822;44818517;8870;home;x\n");
  const ImportReport report = Import();
  EXPECT_EQ(report.kinds.at("person").loaded, 2);
  EXPECT_EQ(report.kinds.at("visit").loaded, 1);
  EXPECT_EQ(report.ignored_by_reason.at("column visit_occurrence.our_column: not in the CDM 5.4"),
            1);
  EXPECT_EQ(Count("SELECT count(*) FROM visit_occurrence WHERE admitted_from_concept_id = 8870 AND "
                  "discharged_to_source_value = 'home' AND visit_end_date = '1996-08-22' AND "
                  "visit_start_date = "
                  "'1996-08-21'"),
            1);
  EXPECT_EQ(Count("SELECT count(*) FROM person WHERE person_source_value LIKE 'HOSP%'"), 0)
      << "a pseudonym";
  EXPECT_EQ(Count("SELECT count(DISTINCT person_source_value) FROM person"), 2);
  EXPECT_EQ(
      Count("SELECT count(*) FROM person WHERE race_concept_id = 0 AND month_of_birth IS NULL"), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM clinnova.provenance WHERE path = 'row 1'"), 2);
}

TEST_F(OmopFilesTest, QuarantinesRowsThatAreNotOfTheCdm) {
  WritePersons();
  folder_.Write("cdm/measurement.csv",
                "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_type_"
                "concept_id,"
                "value_as_number,value_source_value\n"
                "1,6,3020460,2020-01-05,32817,12.5,NA\n"
                "2,6,3020460,2020-02-30,32817,12.5,x\n"
                "3,6,3020460,,32817,12,x\n"
                "4,9,3020460,2020-01-05,32817,1,x\n"
                "1,6,3020460,2020-01-06,32817,1,x\n"
                "6,6,3020460,2020-01-07,32817,\"1,5\",x\n"
                "7,6,3020460,2020-01-08\n"
                "8,7,,2020-01-09,32817,2,\"text, with comma\"\n");
  const ImportReport report = Import();
  const std::map<std::string, std::int64_t> rules = {{"omop.duplicate_key", 1},
                                                     {"omop.required", 1},
                                                     {"omop.row", 1},
                                                     {"omop.value", 2},
                                                     {"person.unknown", 1}};
  EXPECT_EQ(report.quarantined_by_rule, rules) << report.Text();
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 2);
  EXPECT_EQ(Count("SELECT count(*) FROM measurement WHERE value_source_value = 'NA'"), 1)
      << "a text may be meant";
  EXPECT_EQ(Count("SELECT count(*) FROM clinnova.quarantine WHERE path = 'row 2' AND message = "
                  "'measurement_date: found \"2020-02-30\", expected date'"),
            1);
  EXPECT_EQ(Count("SELECT line FROM clinnova.quarantine WHERE rule = 'omop.row'"), 8);
}

// A table with columns that are not loaded, in Windows-1252.
TEST_F(OmopFilesTest, QuarantinesALineThatIsNoUtf8) {
  WritePersons();
  folder_.Write("cdm/location.csv",
                "location_id\taddress_1\tcity\tstate\tzip\n1\tTalstr 17\tWinzeln\tR\xA6P\t66954\n"
                "2\tHauptstr 1\tUlm\tBW\t89073\n");
  const ImportReport report = Import();
  EXPECT_EQ(Count("SELECT count(*) FROM location"), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM clinnova.quarantine WHERE rule = 'omop.row' AND line = 2 "
                  "AND message LIKE '%utf-8%' AND coalesce(raw, '') NOT LIKE '%Talstr%'"),
            1);
  EXPECT_EQ(Import().Total().quarantined, report.Total().quarantined);
}

TEST_F(OmopFilesTest, ReplacesByKeyAndChangesNothingWhenDoneTwice) { ReplaceByKey(); }

TEST_F(OmopFilesTest, ReplacesByKeyWhereTablesAreWrittenAnew) {
  runs_with_room_ = 0;
  ReplaceByKey();
}

TEST_F(OmopFilesTest, LoadsParquet) {
  WritePersons();
  const std::string file = (folder_.path() / "cdm/observation.parquet").string();
  ASSERT_TRUE(
      store_.database()
          .Execute("COPY (SELECT 1::INTEGER AS observation_id, 6 AS person_id, 4275495 AS "
                   "observation_concept_id, DATE '2020-01-05' AS observation_date, 32817 AS "
                   "observation_type_concept_id, 1.5::FLOAT AS value_as_number) TO " +
                   core::SqlLiteral(file) + " (FORMAT parquet)")
          .has_value());
  EXPECT_EQ(Import().kinds.at("observation").loaded, 1);
  EXPECT_EQ(Count("SELECT count(*) FROM observation WHERE value_as_number = 1.5"), 1);
}

TEST_F(OmopFilesTest, SaysWhatIsWrongWithAFile) {
  folder_.Write("cdm/visit_detail.csv",
                "visit_detail_id,discharge_to_source_value,discharged_to_source_value\n1,x,y\n");
  Import("visit_detail.csv: found columns \"discharge_to_source_value\" and");
  std::filesystem::remove(folder_.path() / "cdm/visit_detail.csv");
  folder_.Write("cdm/person.csv", "person_id,gender_concept_id\n1,8507\n");
  Import("person.csv: found no column \"year_of_birth\", which the CDM 5.4 requires");
  WritePersons();
  folder_.Write("cdm/person.tsv", "person_id\tyear_of_birth\n1\t1950\n");
  Import("found the same table of the CDM as in");
  std::filesystem::remove(folder_.path() / "cdm/person.tsv");
  folder_.Write("cdm/measurement.parquet", "PAR1 no more");
  Import("measurement.parquet: cannot be read as the table measurement");
  EXPECT_EQ(Count("SELECT count(*) FROM person"), 0) << "all or nothing";
}

TEST_F(OmopFilesTest, LoadsAWholeCdmOf53) {
  const char* shared = std::getenv("CLINNOVA_SHARED_DATA");
  const std::string cdm = std::string(shared == nullptr ? "" : shared) + "/omop/gibleed-cdm53";
  if (!std::filesystem::exists(cdm)) GTEST_SKIP() << "no GiBleed";
  const auto report =
      intake::Import(store_, {.paths = {cdm}, .key_file = (folder_.path() / "key").string()});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(Count("SELECT count(*) FROM person"), 2694);
  EXPECT_EQ(Count("SELECT count(*) FROM condition_occurrence"), 65332);
  EXPECT_EQ(Count("SELECT count(*) FROM drug_exposure"), 67707);
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 44053);
  // Its observation periods are of 5,343 persons, its table of persons has 2,694.
  const std::map<std::string, std::int64_t> rules = {{"person.unknown", 2649}};
  EXPECT_EQ(report->quarantined_by_rule, rules) << report->Text();
}

}  // namespace
}  // namespace clinnova::intake
