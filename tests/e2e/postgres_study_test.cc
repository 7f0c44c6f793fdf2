// SPDX-License-Identifier: Apache-2.0
// A study over TLS in which one hospital keeps its CDM on a PostgreSQL server: the result is, byte for byte, that of
// the same study over the same CDM in DuckDB. And what the data manager meets on the way.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cohort/site_files.h"
#include "intake/import.h"
#include "intake/synthetic_export.h"
#include "network/network_world.h"
#include "store/postgres_fixture.h"

namespace clinnova::network {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSites = 3;

std::string CohortStudy(const std::string& title) {
  std::string text = "[study]\ntitle = \"" + title +
                     "\"\npurpose = \"test\"\npermit = \"none\"\nsites = [\"site0\", \"site1\", "
                     "\"site2\"]\nminimum_sites = 3\n\n[cohort]\ndisease = \"ra\"\nindex = "
                     "\"first_biologic\"\n";
  for (const auto& [name, feature] : {std::pair("drug", "drug"),
                                      {"das28", "das28_crp_baseline"},
                                      {"days", "time_to_discontinuation"},
                                      {"stopped", "discontinued"},
                                      {"low_activity", "low_activity"}}) {
    text += "\n[[variable]]\nname = \"" + std::string(name) + "\"\nfeature = \"" + feature + "\"\n";
  }
  return text +
         "\n[[analysis]]\nname = \"odds\"\nmethod = \"glm\"\nformula = \"low_activity ~ drug + "
         "das28\"\nfamily = \"binomial\"\n\n[[analysis]]\nname = \"activity\"\nmethod = "
         "\"summary\"\nvariables = [\"das28\"]\n";
}

struct Outcome {
  int status = -1;
  std::string out, errors;
};

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class PostgresStudy : public testing::Test {
 protected:
  void SetUp() override {
    if (!store::TestServer::Installed()) GTEST_SKIP() << store::TestServer::kNotInstalled;
    std::string name = (fs::path(testing::TempDir()) / "postgres-study-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    server_ = std::make_unique<store::TestServer>();
    for (std::size_t s = 0; s < kSites; ++s) Import(s);
    auto store = store::Store::Open({.path = (folder_ / "site0" / "cdm.duckdb").string()});
    ASSERT_TRUE(store.has_value());
    server_->PutCdm(*store, "omop");
  }
  void TearDown() override {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }

  void Import(std::size_t s) const {
    const fs::path site = folder_ / ("site" + std::to_string(s));
    fs::create_directories(site);
    const auto written = intake::WriteSyntheticCohort(
        {.patients = 150, .seed = 21 + s, .dialect = "de-fhir", .directory = site / "export"});
    ASSERT_TRUE(written.has_value());
    auto store = store::Store::Open({.path = (site / "cdm.duckdb").string()});
    ASSERT_TRUE(store.has_value());
    const auto report = intake::Import(*store, {.paths = {written->export_directory.string()},
                                                .key_file = (site / "pseudonym.key").string()});
    ASSERT_TRUE(report.has_value()) << report.error().message;
  }
  void CopyCdm(std::size_t s, const fs::path& to) const {
    fs::copy_file(folder_ / ("site" + std::to_string(s)) / "cdm.duckdb", to / "cdm.duckdb");
  }

  Outcome Run(const std::string& arguments) const {
    const std::string command = "'" CLINNOVA_PROGRAM "' " + arguments + " > '" +
                                (folder_ / "out").string() + "' 2> '" +
                                (folder_ / "errors").string() + "'";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadAll(folder_ / "out"),
            ReadAll(folder_ / "errors")};
  }
  Outcome Attach(const fs::path& site) const {
    return Run("site attach --site '" + site.string() + "' --connection '" +
               server_->Connection("reader") +
               "' --schema omop --research-persons omop.clinnova_person");
  }

  /// A world whose sites 1 and 2 have CDMs of their own; site 0 has none yet.
  std::unique_ptr<NetworkWorld> World() const {
    auto world = std::make_unique<NetworkWorld>(kSites);
    world->StartHub();
    world->InitSites();
    for (std::size_t s = 1; s < kSites; ++s) CopyCdm(s, world->site_folder(s));
    return world;
  }
  static StudyStatus RunStudy(NetworkWorld& world, const std::string& title) {
    const std::string hash = world.Submit(CohortStudy(title));
    world.ApproveEverywhere(hash);
    return world.WaitFor(hash, std::chrono::seconds(200));
  }

  fs::path folder_;
  std::unique_ptr<store::TestServer> server_;
};

TEST_F(PostgresStudy, GivesTheResultOfTheSameCdmInDuckDb) {
  std::string results[2];
  for (const bool attached : {false, true}) {
    const auto world = World();
    if (attached) {
      const Outcome done = Attach(world->site_folder(0));
      ASSERT_EQ(done.status, 0) << done.errors;
    } else {
      CopyCdm(0, world->site_folder(0));
    }
    world->StartSites();
    const StudyStatus status = RunStudy(*world, "Response");
    ASSERT_EQ(status.state, "finished") << status.error;
    const auto study = Must(federation::Study::FromToml(CohortStudy("Response"), "study.toml"));
    results[attached ? 1 : 0] = Must(StudyResults(world->endpoint(), core::ToHex(study.hash())));
    EXPECT_EQ(fs::exists(world->site_folder(0) / "cdm.duckdb"), !attached);
  }
  EXPECT_GT(nlohmann::json::parse(results[1])["analyses"][0]["n"].get<int>(), 200);
  EXPECT_EQ(results[0], results[1]);
}

TEST_F(PostgresStudy, FailsWhileTheServerIsAwayAndWorksAgainAfterwards) {
  const auto world = World();
  ASSERT_EQ(Attach(world->site_folder(0)).status, 0);
  world->StartSites();
  server_->Stop();
  const StudyStatus away = RunStudy(*world, "While it is away");
  EXPECT_NE(away.state, "finished");
  EXPECT_NE(away.error.find("cdm_unreachable"), std::string::npos) << away.state << away.error;
  EXPECT_EQ(away.error.find("reader"), std::string::npos) << "the connection is nobody's business";
  server_->Start();
  const StudyStatus back = RunStudy(*world, "When it is back");
  EXPECT_EQ(back.state, "finished") << back.error;
}

TEST_F(PostgresStudy, ShowsTheDataManagerTheCdmAndTheTable) {
  const fs::path site = folder_ / "attached";
  const Outcome attached = Attach(site);
  ASSERT_EQ(attached.status, 0) << attached.errors;
  EXPECT_NE(attached.out.find("schema omop, only read"), std::string::npos) << attached.out;
  const auto of = [](const Outcome& outcome) { return nlohmann::json::parse(outcome.out); };
  const std::string own = (folder_ / "site0").string();
  auto there = of(Run("site status --json --site " + site.string()));
  auto here = of(Run("site status --json --site " + own));
  EXPECT_EQ(there["engine"], "postgresql");
  EXPECT_EQ(here["engine"], "duckdb");
  for (const char* key : {"persons", "research_persons", "rows"}) EXPECT_EQ(there[key], here[key]);

  std::ofstream(folder_ / "study.toml") << CohortStudy("Response");
  const std::string study = (folder_ / "study.toml").string();
  const Outcome table = Run("site table " + study + " --json --site " + site.string());
  ASSERT_EQ(table.status, 0) << table.errors;
  EXPECT_EQ(table.out, Run("site table " + study + " --json --site " + own).out);
  EXPECT_NE(Run("site table " + study + " --sql --site " + site.string())
                .out.find("JOIN \"omop\".\"clinnova_person\""),
            std::string::npos);

  for (const std::string& command : {"site import " + study, std::string("site map"),
                                     std::string("site vocabulary search crp")}) {
    const Outcome refused = Run(command + " --site " + site.string());
    EXPECT_EQ(refused.status, 2) << command;
    EXPECT_NE(refused.errors.find("is not there yet for a CDM on PostgreSQL"), std::string::npos)
        << refused.errors;
  }
  EXPECT_FALSE(fs::exists(site / "cdm.duckdb"));
}

TEST_F(PostgresStudy, MirrorsTheSitesCdmSoThatItCanBeAttached) {
  const std::string own = (folder_ / "site0").string();
  const std::string to = " --connection '" + server_->Connection("owner") + "' --schema ";
  for (int again = 0; again < 2; ++again) {
    const Outcome mirrored = Run("site mirror --json --site " + own + to + "copy");
    ASSERT_EQ(mirrored.status, 0) << mirrored.errors;
    EXPECT_EQ(nlohmann::json::parse(mirrored.out)["rows"]["person"], 150);
  }
  const Outcome others = Run("site mirror --site " + own + to + "omop");
  EXPECT_EQ(others.status, 2);
  EXPECT_NE(others.errors.find("no copy of Clinnova's"), std::string::npos) << others.errors;
  const fs::path site = folder_ / "attached";
  const Outcome attached = Run("site attach --site " + site.string() + to +
                               "copy --research-persons copy.research_person");
  ASSERT_EQ(attached.status, 0) << attached.errors;
  std::ofstream(folder_ / "study.toml") << CohortStudy("Response");
  const std::string look = "site table " + (folder_ / "study.toml").string() + " --json --site ";
  EXPECT_EQ(Run(look + site.string()).out, Run(look + own).out);
}

TEST_F(PostgresStudy, AttachesNothingThatAStudyCannotRunOn) {
  const fs::path site = folder_ / "attached";
  const Outcome own = Attach(folder_ / "site0");
  EXPECT_EQ(own.status, 2);
  EXPECT_NE(own.errors.find("this site has a CDM of its own"), std::string::npos) << own.errors;
  server_->Do("ALTER TABLE omop.measurement DROP COLUMN measurement_date");
  const Outcome column = Attach(site);
  EXPECT_EQ(column.status, 2);
  EXPECT_EQ(column.errors,
            "clinnova: PostgreSQL: the CDM is not as expected: column "
            "omop.measurement.measurement_date is not there\n");
  std::ofstream(server_->folder() / "pgpass") << "*:*:*:*:wrong\n";
  const Outcome password = Attach(site);
  EXPECT_EQ(password.status, 1);
  EXPECT_NE(password.errors.find("password authentication failed"), std::string::npos)
      << password.errors;
  server_->Stop();
  const Outcome away = Attach(site);
  EXPECT_EQ(away.status, 4);
  EXPECT_FALSE(fs::exists(site));
}

}  // namespace
}  // namespace clinnova::network
