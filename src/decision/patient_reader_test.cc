// SPDX-License-Identifier: Apache-2.0
#include "decision/patient_reader.h"

#include <gtest/gtest.h>

#include <thread>

#include "decision/bedside_fixture.h"

namespace clinnova::decision {
namespace {

class PatientReaderTest : public testing::Test {
 protected:
  PatientReaderTest()
      : reader_(PatientReader::Create({.module = cohort::DiseaseModule::Load("ra").value(),
                                       .index = "first_biologic",
                                       .features = {"crp_baseline", "sex"},
                                       .today = kToday,
                                       .at_work = &at_work_})
                    .value()) {}

  Result<cohort::PatientFacts> Ask(const SamplePatient& patient) {
    const AtWork::Shift shift(at_work_);
    CLINNOVA_ASSIGN(const ReadQuestion read, questions_.Read(patient.Question(), kToday));
    return reader_->Read({read.patient_id, read.records});
  }

  QuestionReader questions_;
  AtWork at_work_;
  std::unique_ptr<PatientReader> reader_;
};

// More than are ever answered together, and all of them with the same identity.
TEST_F(PatientReaderTest, TellsApartWhoIsAnsweredTogether) {
  constexpr int kAsking = 70;
  std::vector<double> found(kAsking);
  std::vector<std::thread> asking;
  for (int i = 0; i < kAsking; ++i) {
    asking.emplace_back([&, i] {
      const auto facts = Ask({.crp = 10.0 + i});
      if (facts) found[static_cast<std::size_t>(i)] = facts->numbers.at("crp_baseline");
    });
  }
  for (std::thread& thread : asking) thread.join();
  for (int i = 0; i < kAsking; ++i) EXPECT_EQ(found[static_cast<std::size_t>(i)], 10.0 + i);
  EXPECT_FALSE(at_work_.Any());
}

TEST_F(PatientReaderTest, DoesNotWaitForAQuestionThatNeverComes) {
  const AtWork::Shift other(at_work_);
  const auto facts = Ask({.crp = 40});
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->numbers.at("crp_baseline"), 40);
  EXPECT_TRUE(at_work_.Any()) << "the other one";
}

}  // namespace
}  // namespace clinnova::decision
