// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_model.h"

#include <gtest/gtest.h>

namespace clinnova::intake {
namespace {

const FhirModel& R4() { return FhirModel::R4(); }

/// The paths of an element's types, or "none".
std::string Types(std::string_view path, std::string_view name) {
  const FhirElement* element = R4().Path(path)->Element(name);
  if (!element) return "none";
  std::string types;
  for (const FhirType* type : element->types) {
    types.append(types.empty() ? "" : " ").append(type->path());
  }
  return types;
}

TEST(FhirModel, KnowsElementsOwnAndInherited) {
  EXPECT_EQ(Types("Patient", "birthDate"), "date");
  EXPECT_EQ(Types("Patient", "id"), "id");
  EXPECT_EQ(Types("Patient.contact", "name"), "HumanName");
  EXPECT_EQ(Types("Patient.contact", "modifierExtension"), "Extension");
  EXPECT_EQ(Types("Questionnaire.item", "item"), "Questionnaire.item");
  EXPECT_EQ(Types("date", "extension"), "Extension");
  EXPECT_EQ(Types("Patient", "given"), "none");
  EXPECT_EQ(Types("Observation", "valueQuantity"), "none");
}

TEST(FhirModel, KnowsChoicesByTheirJsonNames) {
  const FhirType& observation = *R4().Type("Observation");
  EXPECT_EQ(observation.Element("value")->types.size(), 11u);
  EXPECT_EQ(observation.Member("valueQuantity").type, R4().Type("Quantity"));
  EXPECT_EQ(observation.Member("valueQuantity").element, observation.Element("value"));
  EXPECT_EQ(observation.Member("valueDateTime").type, R4().Type("dateTime"));
  EXPECT_EQ(observation.Member("status").type, R4().Type("code"));
  EXPECT_EQ(observation.Member("valueAddress").element, nullptr);
  EXPECT_EQ(observation.Member("value").element, nullptr);
  EXPECT_EQ(ChoiceMember("value", "dateTime"), "valueDateTime");
}

TEST(FhirModel, KnowsWhatIsAboveWhat) {
  const auto is_kind_of = [](std::string_view type, std::string_view above) {
    return R4().Type(type)->IsKindOf(R4().Type(above));
  };
  EXPECT_TRUE(is_kind_of("Age", "Quantity"));
  EXPECT_TRUE(is_kind_of("code", "string"));
  EXPECT_FALSE(is_kind_of("string", "code"));
  EXPECT_TRUE(is_kind_of("Patient", "Resource"));
  EXPECT_FALSE(is_kind_of("Patient", "nothing"));
  EXPECT_TRUE(R4().Type("positiveInt")->IsPrimitive());
  EXPECT_FALSE(R4().Type("Quantity")->IsPrimitive());
  EXPECT_EQ(R4().Path("Patient.contact")->name(), "BackboneElement");
  EXPECT_EQ(R4().Type("Patient.contact"), nullptr);
}

TEST(FhirModel, KnowsHowTextsAreRead) {
  EXPECT_EQ(R4().Type("instant")->text(), FhirType::Text::kDateTime);
  EXPECT_EQ(R4().Type("date")->text(), FhirType::Text::kDate);
  EXPECT_EQ(R4().Type("string")->text(), FhirType::Text::kPlain);
  EXPECT_TRUE(R4().Type("DomainResource")->IsAnyResource());
  EXPECT_FALSE(R4().Type("Patient")->IsAnyResource());
}

}  // namespace
}  // namespace clinnova::intake
