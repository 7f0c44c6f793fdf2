// SPDX-License-Identifier: Apache-2.0
#include "decision/progression.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "decision/field.h"
#include "decision/progression_files.h"

namespace clinnova::decision {
namespace {

std::string Text(const std::vector<ProgressionEvent>& events) {
  std::string text;
  for (const ProgressionEvent& event : events) {
    text += (text.empty() ? "" : " ") + std::string(Name(event.type)) + ':' +
            PlainNumber(event.day) + ':' + PlainNumber(event.confirmed_day) + ':' +
            PlainNumber(event.sustained_days);
  }
  return text.empty() ? "-" : text;
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

template <typename Value>
Value Named(const std::string& name, std::initializer_list<Value> values) {
  for (const Value value : values) {
    if (Name(value) == name) return value;
  }
  ADD_FAILURE() << name;
  return *values.begin();
}

/// A line of progression_reference.tsv.
struct Example {
  ProgressionOptions options;
  Course course;
  std::string expected;
};

Example ReadExample(const std::string& line) {
  const auto parts = Split(line, '\t');
  Example example;
  example.options.outcome =
      Named(parts.at(0), {Outcome::kEdss, Outcome::kT25fw, Outcome::k9hpt, Outcome::kSdmt});
  example.options.baseline =
      Named(parts.at(1), {BaselineScheme::kFixed, BaselineScheme::kRoving,
                          BaselineScheme::kRovingImprovement, BaselineScheme::kRovingWorsening});
  example.options.events =
      Named(parts.at(2),
            {EventsWanted::kFirstWorsening, EventsWanted::kFirst, EventsWanted::kFirstImprovement,
             EventsWanted::kFirstPira, EventsWanted::kFirstRaw, EventsWanted::kMultiple});
  example.options.classify = parts.at(3) != "-";
  if (example.options.classify) example.options.pira = *FindPiraDefinition(parts.at(3));
  example.options.confirm_days = std::stod(parts.at(4));
  for (const std::string& visit : Split(parts.at(5), ' ')) {
    const auto fields = Split(visit, ':');
    example.course.visits.push_back({std::stod(fields.at(0)), std::stod(fields.at(1))});
  }
  if (parts.at(6) != "-") {
    for (const std::string& day : Split(parts.at(6), ' ')) {
      example.course.relapses.push_back(std::stod(day));
    }
  }
  example.expected = parts.at(7);
  return example;
}

TEST(Progression, IsThatOfMsprog) {
  std::ifstream in(CLINNOVA_SOURCE_DIR "/src/decision/progression_reference.tsv");
  int examples = 0;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with('#')) continue;
    const Example example = ReadExample(line);
    EXPECT_EQ(Text(FindEvents(example.course, example.options)), example.expected)
        << "progression_reference.tsv:" << number << ": " << line;
    ++examples;
  }
  EXPECT_GT(examples, 1500);
}

std::string Events(std::vector<Visit> visits, std::vector<double> relapses = {},
                   const ProgressionOptions& options = {.classify = true}) {
  return Text(FindEvents({.id = "p", .visits = std::move(visits), .relapses = std::move(relapses)},
                         options));
}

TEST(Progression, NeedsTheMinimalChange) {
  EXPECT_EQ(MinimumChange(Outcome::kEdss, 0), 1.5);
  EXPECT_EQ(MinimumChange(Outcome::kEdss, 4), 1);
  EXPECT_EQ(MinimumChange(Outcome::kEdss, 5), 1);
  EXPECT_EQ(MinimumChange(Outcome::kEdss, 5.5), 0.5);
  EXPECT_EQ(MinimumChange(Outcome::kEdss, 5.5, 5.5), 1);
  EXPECT_EQ(MinimumChange(Outcome::kT25fw, 10), 2);
  EXPECT_EQ(MinimumChange(Outcome::kSdmt, 50), 4);
  EXPECT_EQ(MinimumChange(Outcome::kSdmt, 15), 3);
  EXPECT_EQ(Events({{0, 0}, {90, 1}, {180, 1}}), "-");
  EXPECT_EQ(Events({{0, 0}, {90, 1.5}, {180, 1.5}}), "PIRA:90:180:90");
  // 20 % of 5.5 s is 1.1 s, though 6.6 - 5.5 is a little less in binary.
  EXPECT_EQ(Events({{0, 5.5}, {90, 6.6}, {180, 6.6}}, {}, {.outcome = Outcome::kT25fw}),
            "CDW:90:180:90");
}

TEST(Progression, IsConfirmedAtAllVisitsInBetween) {
  EXPECT_EQ(Events({{0, 2}, {90, 3}, {120, 2}, {180, 3}}), "-");
  EXPECT_EQ(Events({{0, 2}, {90, 3}, {120, 3}, {180, 3}, {300, 2}}), "PIRA:90:180:90");
  EXPECT_EQ(Events({{0, 2}, {90, 3}, {166, 3}}), "-");               // 76 days: too early
  EXPECT_EQ(Events({{0, 2}, {90, 3}, {167, 3}}), "PIRA:90:167:77");  // 84 - 7
}

TEST(Progression, IsRawWithinNinetyDaysOfARelapse) {
  const std::vector<Visit> visits{{0, 2}, {180, 3}, {300, 3}};
  EXPECT_EQ(Events(visits, {90}), "RAW:180:300:120");
  EXPECT_EQ(Events(visits, {180}), "RAW:180:300:120");
  EXPECT_EQ(Events(visits, {89}), "PIRA:180:300:120");
  // A relapse within 30 days after the onset makes it neither.
  EXPECT_EQ(Events(visits, {210}), "CDW:180:300:120");
  EXPECT_EQ(Events({{0, 2}, {180, 3}, {330, 3}}, {211}), "PIRA:180:330:150");
  // No confirmation within 30 days after a relapse.
  EXPECT_EQ(Events(visits, {280}), "-");
}

TEST(Progression, TakesNoBaselineSoonAfterARelapse) {
  EXPECT_EQ(Events({{0, 3}, {40, 2}, {180, 3}, {300, 3}}, {-10}), "PIRA:180:300:120");
  EXPECT_EQ(Events({{0, 3}, {40, 2}, {180, 3}, {300, 3}}, {-31}), "-");
}

TEST(Progression, OfFewerThanTwoVisitsIsNone) {
  EXPECT_EQ(Events({}), "-");
  EXPECT_EQ(Events({{0, 2}}, {-5}), "-");
  EXPECT_EQ(Events({{0, 2}, {30, 4}}, {-5}), "-");
}

/// A file that goes with its test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    static int number = 0;
    path_ = (std::filesystem::temp_directory_path() /
             ("clinnova_progression_" + std::to_string(::getpid()) + "_" +
              std::to_string(++number) + ".csv"))
                .string();
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ProgressionFiles, GoFromVisitsToEvents) {
  const TemporaryFile visits(
      "id,day,value,doctor\n\"b, 2\",0,2,x\n007,0,4,x\n\"b, 2\",180,3,x\n\"b, 2\",300,3,x\n"
      "007,90,NA,x\n");
  const TemporaryFile relapses("id,day\n\"b, 2\",100\n9,4\n");
  const auto courses = ReadCourses(visits.path(), relapses.path(), Outcome::kEdss);
  ASSERT_TRUE(courses) << courses.error().message;
  EXPECT_EQ(courses->warnings.size(), 2u);
  const auto events = FindAllEvents(*courses, {.classify = true});
  EXPECT_EQ(EventsCsv(events),
            "id,event,type,day,confirmed_day,sustained_days\n"
            "\"b, 2\",1,RAW,180,300,120\n007,0,none,,,\n");
}

TEST(ProgressionFiles, NameTheLineOfWhatIsWrong) {
  const auto error = [](const std::string& text) {
    const TemporaryFile file(text);
    const auto courses = ReadCourses(file.path(), "", Outcome::kEdss);
    return courses ? std::string("no error") : courses.error().message;
  };
  EXPECT_NE(error("id,day,value\na,0,2\na,x,3\n").find("line 3"), std::string::npos);
  EXPECT_NE(error("id,day,value\na,0,11\n").find("found \"11\""), std::string::npos);
  EXPECT_NE(error("id,day,value\na,0,2.2\n").find("half points"), std::string::npos);
  EXPECT_NE(error("id,day\na,0\n").find("expected one called value"), std::string::npos);
  EXPECT_NE(error("id,day,value\n,0,2\n").find("identifier"), std::string::npos);
}

TEST(Progression, TellsItsCriteria) {
  EXPECT_EQ(Criteria({.events = EventsWanted::kMultiple, .classify = true}),
            "edss, confirmed after 84 days (-7, +730.5) at all visits in between, baseline fixed, "
            "events multiple, no baseline within 30 and no confirmation within 30 days after a "
            "relapse, half a point counts above 5, RAW within 90 days after a relapse, PIRA as "
            "muller2023");
}

}  // namespace
}  // namespace clinnova::decision
