// SPDX-License-Identifier: Apache-2.0
#include "decision/field.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "decision/field_units.h"

namespace clinnova::decision {
namespace {

std::vector<Field> Fields() {
  return {Count("tjc28", 28, "tender joints"),
          {.name = "crp", .unit = "mg/L", .low = 0, .high = 1000},
          {.name = "esr",
           .unit = "mm/h",
           .low = 0,
           .high = 200,
           .presence = Presence::kOptional,
           .above_low = true},
          Optional({.name = "edss", .low = 0, .high = 10, .kind = FieldKind::kHalves}),
          Optional(Sex()),
          Optional({.name = "ulcers", .low = 0, .high = 3, .kind = FieldKind::kSegments}),
          Setting({.name = "aids", .kind = FieldKind::kNames, .names = {"grip", "reach"}})};
}

Result<FieldValues> Read(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "tjc28=1");
  arguments.insert(arguments.begin(), "crp=1");
  return ReadFields("test", Fields(), arguments);
}

std::string ErrorOf(const std::vector<std::string>& arguments) {
  const auto read = ReadFields("test", Fields(), arguments);
  if (read) return "no error";
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(read.error().message.find('\n'), std::string::npos);
  return read.error().message;
}

TEST(Fields, ConvertUnits) {
  const auto read =
      ReadFields("test", Fields(), std::vector<std::string>{"tjc28=4", "crp=1.5mg/dL"});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_DOUBLE_EQ(read->Number("crp"), 15);
  EXPECT_EQ(ErrorOf({"tjc28=4", "crp=1.5 mm/h"}),
            "test: crp: found unit \"mm/h\", expected mg/L or a unit that converts to it");
}

TEST(Fields, OfAPatientHaveTheUnitsOfTheBedside) {
  EXPECT_DOUBLE_EQ(*ConvertForField("temperature", 100.4, "[degF]", "Cel"), 38);
  EXPECT_DOUBLE_EQ(*ConvertForField("haemoglobin", 120, "g/L", "g/dL"), 12);
  EXPECT_DOUBLE_EQ(*ConvertForField("haemoglobin", 10, "mmol/L", "g/dL"), 16.114);
  EXPECT_EQ(ConvertForField("crp", 10, "mmol/L", "mg/L"), std::nullopt);
  EXPECT_DOUBLE_EQ(*ConvertForField("hct", 0.4, "L/L", "%"), 40);
  EXPECT_DOUBLE_EQ(*ConvertForField("duration", 18, "mo", "a"), 1.5);
  EXPECT_DOUBLE_EQ(*ConvertForField("weeks", 42, "d", "wk"), 6);
  EXPECT_DOUBLE_EQ(*ConvertForField("pulse", 90, "{beats}/min", "/min"), 90);
  EXPECT_EQ(ConvertForField("crp", 10, "parsec", "mg/L"), std::nullopt);
}

TEST(Fields, TakeAnyUnitOfUcumThatConverts) {
  EXPECT_DOUBLE_EQ(*ConvertForField("crp", 1500, "ug/dL", "mg/L"), 15);
  EXPECT_DOUBLE_EQ(*ConvertForField("crp", 0.015, "mg/mL", "mg/L"), 15);
  EXPECT_DOUBLE_EQ(*ConvertForField("hct", 420, "mL/L", "%"), 42);
  EXPECT_DOUBLE_EQ(*ConvertForField("esr", 0.3, "dm/h", "mm/h"), 30);
  EXPECT_DOUBLE_EQ(*ConvertForField("pulse", 1.5, "Hz", "/min"), 90);
  EXPECT_DOUBLE_EQ(*ConvertForField("gh", 5, "cm", "mm"), 50);
  EXPECT_EQ(*ConvertForField("temperature", 100.04, "[degF]", "Cel"), 37.8);  // not a bit above
  EXPECT_EQ(*ConvertForField("temperature", 310.95, "K", "Cel"), 37.8);
  EXPECT_DOUBLE_EQ(*ConvertForField("albumin", 600, "umol/L", "g/L"), 600e-6 * 66437);
  EXPECT_EQ(ConvertForField("crp", 15, "nmol/L", "mg/L"), std::nullopt);
  EXPECT_EQ(ConvertForField("hct", 15, "mol", "%"), std::nullopt);
  EXPECT_EQ(ConvertForField("tjc28", 100, "%", "{count}"), std::nullopt);
  EXPECT_EQ(ConvertForField("crp", 15, "mg", "mg/L"), std::nullopt);
}

TEST(Fields, AreNamedWhenMissing) {
  EXPECT_EQ(ErrorOf({"tjc28=4"}),
            "test: missing: found no value, expected crp (a number in mg/L from 0 to 1000)");
  const auto read = Read({});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->missing(), (std::vector<std::string>{"esr", "edss", "sex", "ulcers"}));
}

TEST(Fields, RefuseWhatIsImpossible) {
  for (const char* argument : {"tjc28=29", "tjc28=-1", "tjc28=2.5", "tjc28=", "tjc28=x",
                               "tjc28=nan", "tjc28=inf", "tjc28=0x4", "tjc28=<5"}) {
    const std::string message = ErrorOf({argument, "crp=1"});
    EXPECT_NE(message.find("tjc28: found"), std::string::npos) << argument << ": " << message;
    EXPECT_NE(message.find("expected"), std::string::npos) << argument << ": " << message;
  }
  EXPECT_EQ(ErrorOf({"tjc28=29", "crp=1"}),
            "test: tjc28: found \"29\", expected a whole number from 0 to 28");
  EXPECT_NE(ErrorOf({"tjc28=1", "crp=12,4"}).find("crp: found \"12,4\""), std::string::npos);
  EXPECT_FALSE(Read({"esr=0"}));
  EXPECT_TRUE(Read({"esr=0.1"}));
  EXPECT_FALSE(Read({"edss=0.5"}));
  EXPECT_FALSE(Read({"edss=3.2"}));
  EXPECT_TRUE(Read({"edss=3.5"}));
}

TEST(Fields, RefuseWhatIsUnknownOrTwice) {
  EXPECT_EQ(ErrorOf({"tjc=4"}),
            "test: found the field \"tjc\", expected one of: tjc28, crp, esr, edss, sex, ulcers, "
            "aids");
  EXPECT_EQ(ErrorOf({"tjc28=4", "tjc28=5"}), "test: tjc28: found it twice, expected one value");
  EXPECT_EQ(ErrorOf({"tjc28"}), "test: found \"tjc28\", expected field=value");
}

TEST(Fields, AreWrongInOneLine) {
  for (const std::string& argument : {std::string("tjc28=2\n9"), std::string("tjc\n28=1"),
                                      std::string("\n"), "crp=1m\ng/L" + std::string(500, 'x')}) {
    const std::string message = ErrorOf({argument});
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_LT(message.size(), 300u);
  }
}

TEST(Fields, TakeSexSegmentsAndNames) {
  const auto read = Read({"sex=female", "ulcers=0,1,2,3,0", "aids=grip,reach,grip"});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->Names("sex"), std::vector<std::string>{"f"});
  EXPECT_EQ(read->Numbers("ulcers"), (std::vector<double>{0, 1, 2, 3, 0}));
  EXPECT_EQ(read->Names("aids"), (std::vector<std::string>{"grip", "reach"}));
  for (const char* argument :
       {"sex=x", "ulcers=0,1,2,3", "ulcers=0,1,2,3,4", "ulcers=0,,2,3,1", "aids=feet"}) {
    EXPECT_FALSE(Read({argument})) << argument;
  }
}

TEST(Fields, ShowInputsWithTheirUnits) {
  const std::vector<std::string> arguments{"tjc28=4", "crp=1.5mg/dL", "sex=m", "ulcers=0,0,0,0,1"};
  const auto read = ReadFields("test", Fields(), arguments);
  ASSERT_TRUE(read);
  const nlohmann::json inputs = InputsJson(Fields(), *read);
  EXPECT_EQ(inputs["crp"], (nlohmann::json{{"value", 15.0}, {"unit", "mg/L"}}));
  EXPECT_EQ(inputs["sex"]["value"], "m");
  EXPECT_EQ(inputs["ulcers"]["value"].size(), 5u);
  EXPECT_FALSE(inputs.contains("esr"));
}

TEST(CloseNames, AreThoseThatWereMeant) {
  const std::vector<std::string> known{"das28-crp", "das28-esr", "mayo", "partial-mayo", "hbi"};
  EXPECT_EQ(CloseNames("das28", known), (std::vector<std::string>{"das28-crp", "das28-esr"}));
  EXPECT_EQ(CloseNames("das28-cpr", known).front(), "das28-crp");
  EXPECT_TRUE(CloseNames("xylophone", known).empty());
}

TEST(PlainNumber, HasNoExponent) {
  EXPECT_EQ(PlainNumber(100000), "100000");
  EXPECT_EQ(PlainNumber(0.1), "0.1");
  EXPECT_EQ(PlainNumber(-3.5), "-3.5");
}

}  // namespace
}  // namespace clinnova::decision
