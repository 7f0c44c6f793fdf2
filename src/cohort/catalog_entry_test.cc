// SPDX-License-Identifier: Apache-2.0
#include "cohort/catalog_entry.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cohort/catalog_fixture.h"

namespace clinnova::cohort {
namespace {

using Json = nlohmann::ordered_json;

CatalogSettings Settings() {
  const auto file = std::filesystem::temp_directory_path() /
                    ("clinnova_entry_" + std::to_string(::getpid()) + ".toml");
  std::ofstream(file, std::ios::binary) << kCatalogToml;
  auto settings = ReadCatalogSettings(file.string());
  std::filesystem::remove(file);
  return settings.value();
}

CatalogNumbers Numbers() {
  CatalogNumbers numbers;
  numbers.persons = 50;
  numbers.records = 290;
  numbers.first_year = 2000;
  numbers.last_year = 2023;
  numbers.minimum_age = 20;
  numbers.maximum_age = 75;
  numbers.vocabularies = {"LOINC", "RxNorm", "SNOMED", "Clinnova"};
  numbers.diseases = {{"Rheumatoid arthritis", 50}};
  numbers.modified = "2026-11-27";
  numbers.tables = {{"person", 50, 50, {{"year_of_birth", "integer", true, 100}}},
                    {"measurement",
                     120,
                     40,
                     {{"value_as_number", "float", false, 75},
                      {"measurement_date", "date", true, std::nullopt}}}};
  return numbers;
}

const Json& Dataset(const Json& entry) { return entry.at("@graph").at(0); }

std::size_t Values(const Json& node, const std::string& property) {
  if (!node.contains(property)) return 0;
  return node.at(property).is_array() ? node.at(property).size() : 1;
}

// The shapes of release 8 for NON_PUBLIC data: what has a minimum of one, and at most one.
TEST(CatalogEntry, HasWhatTheProfileAsksForOfDataThatAreNotPublic) {
  const Json entry = CatalogEntry(Settings(), Numbers());
  const Json& dataset = Dataset(entry);
  for (const char* property : {"dct:title", "dct:description", "dct:identifier", "dct:accessRights",
                               "dcatap:applicableLegislation", "dcat:distribution", "dcat:theme",
                               "healthdcatap:hdab", "healthdcatap:healthCategory",
                               "healthdcatap:hasStructuredData", "healthdcatap:hasVariables",
                               "dcat:contactPoint", "dcat:keyword", "dct:type", "dct:provenance"}) {
    EXPECT_GE(Values(dataset, property), 1u) << property;
  }
  for (const char* property :
       {"dct:accessRights", "dct:publisher", "healthdcatap:hdab", "healthdcatap:hasStructuredData",
        "healthdcatap:minTypicalAge", "healthdcatap:maxTypicalAge", "healthdcatap:numberOfRecords",
        "healthdcatap:numberOfUniqueIndividuals", "healthdcatap:retentionPeriod"}) {
    EXPECT_EQ(Values(dataset, property), 1u) << property;
  }
  EXPECT_EQ(dataset["dct:accessRights"]["@id"],
            "http://publications.europa.eu/resource/authority/access-right/NON_PUBLIC");
  EXPECT_EQ(dataset["dcat:theme"]["@id"],
            "http://publications.europa.eu/resource/authority/data-theme/HEAL");
  EXPECT_EQ(dataset["dct:conformsTo"]["@id"],
            "https://hdeu-dcat.data.health.europa.eu/resource/authority/standard/OMOP-CDM");
  EXPECT_EQ(dataset["healthdcatap:healthCategory"][0]["@id"],
            "https://hdeu-dcat.data.health.europa.eu/resource/authority/healthcategories/EHRS");
  for (const char* agent : {"dct:publisher", "healthdcatap:hdab"}) {
    EXPECT_EQ(dataset[agent]["@type"], "foaf:Agent");
    EXPECT_EQ(dataset[agent]["cv:contactPoint"]["@type"], "cv:ContactPoint");
    EXPECT_TRUE(dataset[agent]["cv:contactPoint"].contains("cv:email") ||
                dataset[agent]["cv:contactPoint"].contains("cv:contactPage"));
  }
  EXPECT_EQ(dataset["dcat:contactPoint"]["@type"], "vcard:Kind");
  EXPECT_EQ(dataset["dcat:contactPoint"]["vcard:hasEmail"]["@id"], "mailto:data@hospital.example");
  EXPECT_GE(Values(dataset["dcat:distribution"], "dcatap:applicableLegislation"), 1u);
  EXPECT_EQ(Values(dataset["dcat:distribution"], "dcat:accessURL"), 1u);
  EXPECT_EQ(dataset["healthdcatap:hasStructuredData"], true);
  const Json& group = dataset["healthdcatap:hasVariables"];
  EXPECT_TRUE(group.contains("dct:title"));
  for (const Json& table : group["csvw:table"]) {
    EXPECT_TRUE(table.contains("dct:title"));
    for (const Json& column : table["csvw:column"]) {
      for (const char* property : {"csvw:name", "csvw:title", "csvw:datatype", "dct:description"})
        EXPECT_EQ(Values(column, property), 1u) << property;
    }
  }
}

TEST(CatalogEntry, TellsTheNumbersThatWereCounted) {
  const Json dataset = Dataset(CatalogEntry(Settings(), Numbers()));
  EXPECT_EQ(dataset["healthdcatap:numberOfUniqueIndividuals"],
            (Json{{"@type", "xsd:nonNegativeInteger"}, {"@value", "50"}}));
  EXPECT_EQ(dataset["dct:temporal"]["dcat:startDate"]["@value"], "2000-01-01");
  EXPECT_EQ(dataset["dct:temporal"]["dcat:endDate"]["@value"], "2023-12-31");
  EXPECT_EQ(dataset["healthdcatap:populationCoverage"][1],
            "Rheumatoid arthritis: at least 50 persons");
  EXPECT_NE(dataset["dct:description"][1].get<std::string>().find("multiple of 10"),
            std::string::npos);
  std::string systems;
  for (const Json& system : dataset["healthdcatap:hasCodingSystem"]) {
    const auto iri = system["@id"].get<std::string>();
    systems += iri.substr(iri.rfind('/') + 1) + " ";
  }
  EXPECT_EQ(systems, "LOINC OHDSI-VOCAB RXNORM SNOMED-CT ");
  const Json& columns = dataset["healthdcatap:hasVariables"]["csvw:table"][1]["csvw:column"];
  EXPECT_EQ(columns[0]["dqv:hasQualityMeasurement"]["dqv:value"]["@value"], "75");
  EXPECT_EQ(columns[0]["csvw:datatype"], "double");
  EXPECT_FALSE(columns[1].contains("dqv:hasQualityMeasurement"));
}

TEST(CatalogEntry, LeavesOutWhatWasHeldBack) {
  CatalogNumbers numbers;
  numbers.tables = {{"person", {}, {}, {{"year_of_birth", "integer", true, {}}}}};
  const std::string text = CatalogEntry(Settings(), numbers).dump();
  for (const char* property : {"numberOfUniqueIndividuals", "numberOfRecords", "TypicalAge",
                               "dct:temporal", "hasQualityMeasurement", "At least", "null"}) {
    EXPECT_EQ(text.find(property), std::string::npos) << property;
  }
}

TEST(CatalogEntry, SaysTheSameInTurtle) {
  const std::string turtle = TurtleOf(CatalogEntry(Settings(), Numbers()));
  for (const char* words :
       {"@prefix healthdcatap: <http://healthdataportal.eu/ns/health#> .\n",
        "<https://data.hospital.example/ra>\n  a dcat:Dataset ;\n",
        "dct:title \"Rheumatology, \\\"Basel\\\"\" ;\n", "\"Routine care\\nand eCRF\" , \"Counts",
        "healthdcatap:hasStructuredData true ;\n",
        "healthdcatap:numberOfRecords \"290\"^^xsd:nonNegativeInteger",
        "dcat:keyword \"rheumatoid arthritis\" , \"biologics\"",
        "healthdcatap:hdab [\n    a foaf:Agent", "dqv:isMeasurementOf _:completeness",
        "\n_:completeness\n  a dqv:Metric ;\n",
        "\n<https://ohdsi.github.io/CommonDataModel/cdm54.html>\n  a dct:Standard ;\n"}) {
    EXPECT_NE(turtle.find(words), std::string::npos) << words << "\n" << turtle;
  }
  EXPECT_EQ(turtle.find("@value"), std::string::npos);
  EXPECT_EQ(turtle.find("@id"), std::string::npos);
}

}  // namespace
}  // namespace clinnova::cohort
