// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_model.h"

#include <gtest/gtest.h>

namespace clinnova::intake {
namespace {

const FhirModel& R4() { return FhirModel::R4(); }

TEST(FhirModel, KnowsElementsOwnAndInherited) {
  EXPECT_EQ(R4().Find("Patient", "birthDate")->types.front(), "date");
  EXPECT_EQ(R4().Find("Patient", "id")->types.front(), "id");
  EXPECT_EQ(R4().Find("Patient.contact", "name")->types.front(), "HumanName");
  EXPECT_EQ(R4().Find("Patient.contact", "modifierExtension")->types.front(), "Extension");
  EXPECT_EQ(R4().Find("Questionnaire.item", "item")->types.front(), "Questionnaire.item");
  EXPECT_EQ(R4().Find("date", "extension")->types.front(), "Extension");
  EXPECT_EQ(R4().Find("Patient", "given"), nullptr);
  EXPECT_EQ(R4().Find("Observation", "valueQuantity"), nullptr);
}

TEST(FhirModel, KnowsChoicesByTheirJsonNames) {
  EXPECT_EQ(R4().Find("Observation", "value")->types.size(), 11u);
  EXPECT_EQ(R4().Member("Observation", "valueQuantity").type, "Quantity");
  EXPECT_EQ(R4().Member("Observation", "valueDateTime").type, "dateTime");
  EXPECT_EQ(R4().Member("Observation", "valueAddress").element, nullptr);
  EXPECT_EQ(ChoiceMember("value", "dateTime"), "valueDateTime");
}

TEST(FhirModel, KnowsWhatIsAboveWhat) {
  EXPECT_TRUE(R4().IsKindOf("Age", "Quantity"));
  EXPECT_TRUE(R4().IsKindOf("code", "string"));
  EXPECT_FALSE(R4().IsKindOf("string", "code"));
  EXPECT_TRUE(R4().IsKindOf("Patient", "Resource"));
  EXPECT_TRUE(R4().IsPrimitive("positiveInt"));
  EXPECT_FALSE(R4().IsPrimitive("Quantity"));
  EXPECT_EQ(R4().TypeName("Patient.contact"), "BackboneElement");
  EXPECT_FALSE(R4().IsType("Patient.contact"));
}

}  // namespace
}  // namespace clinnova::intake
