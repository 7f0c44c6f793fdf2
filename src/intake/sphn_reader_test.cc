// SPDX-License-Identifier: Apache-2.0
#include "intake/sphn_reader.h"

#include <gtest/gtest.h>

#include "intake/record_keeper.h"
#include "intake/sphn_graph.h"

namespace clinnova::intake {
namespace {

const std::string kPrefixes =
    "@prefix sphn: <https://biomedit.ch/rdf/sphn-schema/sphn#> .\n"
    "@prefix individual: <https://biomedit.ch/rdf/sphn-schema/sphn/individual#> .\n"
    "@prefix loinc: <https://loinc.org/rdf/> .\n@prefix ucum: "
    "<https://biomedit.ch/rdf/sphn-resource/ucum/> .\n"
    "@prefix icd: <https://biomedit.ch/rdf/sphn-resource/icd-10-gm/> .\n"
    "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n@prefix : <http://site/> .\n";

class SphnReaderTest : public testing::Test {
 protected:
  SphnGraph Load(const std::string& turtle) {
    auto graph = SphnGraph::Load(folder_.Write("g.ttl", kPrefixes + turtle), "g.ttl");
    EXPECT_TRUE(graph.has_value()) << graph.error().message;
    return graph ? std::move(*graph) : SphnGraph();
  }
  RecordKeeper Read(const std::string& turtle) {
    const auto dialect =
        LoadDialect(std::filesystem::path(CLINNOVA_SOURCE_DIR) / "mappings/ch-sphn");
    EXPECT_TRUE(dialect.has_value()) << dialect.error().message;
    RecordKeeper keeper;
    const auto read =
        ReadSphn(folder_.Write("g.ttl", kPrefixes + turtle), "g.ttl", dialect->front(), keeper);
    EXPECT_TRUE(read.has_value()) << read.error().message;
    return keeper;
  }
  TestFolder folder_;
};

TEST_F(SphnReaderTest, FollowsPathsToWhatTheyMean) {
  const SphnGraph graph = Load(R"(
:event a sphn:LabTestEvent ; sphn:hasLabTest :test, :other ; sphn:hasDiagnosis icd:2023\/3\/K50.80 .
:test sphn:hasCode :code ; sphn:hasUnit ucum:10exp9perL ; sphn:hasComparator individual:GreaterThanOrEqual .
:code a loinc:718-7 ; sphn:hasName "Hb" .
:other sphn:hasCode [ a sphn:Code ; sphn:hasIdentifier "K51" ; sphn:hasCodingSystemAndVersion "ICD-10-GM-2024" ] .
:birth a sphn:BirthDate ; sphn:hasMonth "--07"^^xsd:gMonth ; sphn:hasYear "1961"^^xsd:gYear .
)");
  ASSERT_EQ(graph.OfClass("LabTestEvent").size(), 1u);
  const SphnNode& event = *graph.OfClass("LabTestEvent")[0];
  using Texts = std::vector<std::string>;
  EXPECT_EQ(event.line, 9u);
  EXPECT_EQ(graph.Texts(event, "@id"), Texts{"http://site/event"});
  EXPECT_EQ(graph.Texts(event, "hasLabTest/hasCode:code"), (Texts{"718-7", "K51"}));
  EXPECT_EQ(graph.Texts(event, "hasLabTest/hasCode:system"), (Texts{"LOINC", "ICD-10-GM"}));
  EXPECT_EQ(graph.Texts(event, "hasLabTest/hasCode:name"), Texts{"Hb"});
  EXPECT_EQ(graph.Texts(event, "hasLabTest/hasUnit:unit"), Texts{"10*9/L"});
  EXPECT_EQ(graph.Texts(event, "hasLabTest/hasComparator:comparator"), Texts{">="});
  EXPECT_EQ(graph.Texts(event, "hasDiagnosis:code"), Texts{"K50.80"}) << "without its version";
  EXPECT_EQ(graph.Texts(event, "hasLabTest/nothing/more"), Texts{});
  EXPECT_EQ(graph.Texts(*graph.OfClass("BirthDate")[0], "hasMonth"), Texts{"07"});
  EXPECT_TRUE(graph.OfClass("Code").size() == 1 && graph.OfClass("Code")[0]->is_object);
}

TEST_F(SphnReaderTest, DecodesUnitsOfIris) {
  const std::pair<const char*, const char*> cases[] = {{"mgperdL", "mg/dL"},
                                                       {"10exp9perL", "10*9/L"},
                                                       {"cblRBCcbrperuL", "{RBC}/uL"},
                                                       {"mmsblHgsbr", "mm[Hg]"},
                                                       {"kgperm2", "kg/m2"},
                                                       {"sblIUsbrpermL", "[IU]/mL"},
                                                       {"1", "1"}};
  for (const auto& [encoded, unit] : cases) EXPECT_EQ(DecodeUcumIri(encoded), unit);
}

TEST_F(SphnReaderTest, SaysOnWhichLineTheFileIsNoTurtle) {
  const auto cut =
      SphnGraph::Load(folder_.Write("g.ttl", kPrefixes + ":a sphn:b :c .\n:d sphn:e"), "g.ttl");
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(cut.error().message.find("g.ttl:9: not Turtle, or ends too early: "), 0u)
      << cut.error().message;
  const auto prefix = SphnGraph::Load(folder_.Write("g.ttl", "x:a x:b x:c .\n"), "g.ttl");
  ASSERT_FALSE(prefix.has_value());
  EXPECT_FALSE(SphnGraph::Load("/no/such/file", "f").has_value());
}

TEST_F(SphnReaderTest, QuarantinesWhatNamesNoPatientAndCountsTheRest) {
  const RecordKeeper keeper = Read(R"(
:1 a sphn:LabTestEvent ; sphn:hasDateTime "2024-03-05"^^xsd:date ;
   sphn:hasLabTest [ sphn:hasCode loinc:718-7 ; sphn:hasResult [ sphn:hasQuantity [ sphn:hasValue 1 ] ] ] .
:2 a sphn:LabTestEvent ; sphn:hasSubjectPseudoIdentifier :p ; sphn:hasDateTime "yesterday" ;
   sphn:hasLabTest [ sphn:hasCode loinc:718-7 ; sphn:hasResult [ sphn:hasQuantity [ sphn:hasValue 1 ] ] ] .
:3 a sphn:LabTestEvent ; sphn:hasSubjectPseudoIdentifier :p ; sphn:hasDateTime "2024-03" ;
   sphn:hasLabTest [ sphn:hasCode loinc:718-7 ; sphn:hasResult [ sphn:hasQuantity [ sphn:hasValue 1, 2 ] ] ] .
:4 a sphn:LabTestEvent ; sphn:hasSubjectPseudoIdentifier :p .
[] a sphn:LabTestEvent ; sphn:hasSubjectPseudoIdentifier :p ; sphn:hasDateTime "2024" ;
   sphn:hasLabTest [ sphn:hasCode loinc:718-7 ; sphn:hasResult [ sphn:hasQuantity [ sphn:hasValue 1 ] ] ] .
:5 a sphn:HeartRate ; sphn:hasSubjectPseudoIdentifier :p .
)");
  EXPECT_EQ(keeper.Rules(),
            (std::vector<std::string>{"patient.missing@9", "date.invalid@11", "id.missing@16"}));
  ASSERT_EQ(keeper.records.size(), 1u);
  EXPECT_EQ(keeper.records[0].value->text, "1\n2") << "two values are no number";
  EXPECT_EQ(keeper.records[0].start->precision, SourceTime::Precision::kMonth);
  EXPECT_EQ(keeper.ignored.at("SPHN LabTestEvent without what the mapping needs: not loaded"), 1);
  EXPECT_EQ(keeper.ignored.at("SPHN HeartRate: not in the mapping"), 1);
}

TEST_F(SphnReaderTest, IsToldByItsPrefixes) {
  EXPECT_TRUE(LooksLikeTurtle("# comment\n\n@prefix sphn: <x> .\n"));
  EXPECT_TRUE(LooksLikeTurtle("@base <x> ."));
  EXPECT_FALSE(LooksLikeTurtle("prefix;value\n"));
  EXPECT_FALSE(LooksLikeTurtle("# only a comment"));
}

}  // namespace
}  // namespace clinnova::intake
