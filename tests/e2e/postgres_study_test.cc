// SPDX-License-Identifier: Apache-2.0
// A study over TLS in which one hospital keeps its CDM on a PostgreSQL server: the result is, byte for byte, that of
// the same study over the same CDM in DuckDB. And what the data manager meets on the way.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cohort/site_files.h"
#include "intake/import.h"
#include "intake/synthetic_export.h"
#include "network/network_world.h"
#include "program_fixture.h"
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

  void Import(std::size_t s) const { Import(s, 21 + s); }
  void Import(std::size_t s, std::uint64_t seed) const {
    const fs::path site = folder_ / ("site" + std::to_string(s));
    fs::create_directories(site);
    const auto written =
        intake::WriteSyntheticCohort({.patients = 150,
                                      .seed = seed,
                                      .dialect = "de-fhir",
                                      .directory = site / ("export" + std::to_string(seed))});
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

  Ending Run(const std::string& arguments) const { return RunProgram(folder_, arguments); }
  Ending Attach(const fs::path& site) const {
    return Run("site attach --site '" + site.string() + "' --connection '" +
               server_->Connection("reader") +
               "' --schema omop --research-persons omop.clinnova_person");
  }

  Ending AttachCopy(const fs::path& site) const {
    return Run("site attach --site '" + site.string() + "'" + ToCopy() +
               " --research-persons copy.research_person");
  }
  std::string ToCopy() const {
    return " --connection '" + server_->Connection("owner") + "' --schema copy";
  }
  /// The program in a process of its own.
  static pid_t Start(const std::string& arguments) {
    const std::string command = "exec '" CLINNOVA_PROGRAM "' " + arguments + " > /dev/null 2>&1";
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      ::_exit(127);
    }
    return child;
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
  // Its own in DuckDB, the same with a hospital's types, and the copy that Clinnova makes.
  const Ending mirrored = Run("site mirror --site " + (folder_ / "site0").string() + ToCopy());
  ASSERT_EQ(mirrored.code, 0) << mirrored.errors;
  std::string results[3];
  for (const int where : {0, 1, 2}) {
    const auto world = World();
    const fs::path site = world->site_folder(0);
    if (where == 0) {
      CopyCdm(0, site);
    } else {
      const Ending done = where == 1 ? Attach(site) : AttachCopy(site);
      ASSERT_EQ(done.code, 0) << done.errors;
    }
    world->StartSites();
    const StudyStatus status = RunStudy(*world, "Response");
    ASSERT_EQ(status.state, "finished") << status.error;
    const auto study = Must(federation::Study::FromToml(CohortStudy("Response"), "study.toml"));
    results[where] = Must(StudyResults(world->endpoint(), core::ToHex(study.hash())));
    EXPECT_EQ(fs::exists(site / "cdm.duckdb"), where == 0);
  }
  EXPECT_GT(nlohmann::json::parse(results[1])["analyses"][0]["n"].get<int>(), 200);
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST_F(PostgresStudy, FailsWhileTheServerIsAwayAndWorksAgainAfterwards) {
  const auto world = World();
  ASSERT_EQ(Attach(world->site_folder(0)).code, 0);
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
  const Ending attached = Attach(site);
  ASSERT_EQ(attached.code, 0) << attached.errors;
  EXPECT_NE(attached.out.find("schema omop, only read"), std::string::npos) << attached.out;
  const auto of = [](const Ending& outcome) { return nlohmann::json::parse(outcome.out); };
  const std::string own = (folder_ / "site0").string();
  auto there = of(Run("site status --json --site " + site.string()));
  auto here = of(Run("site status --json --site " + own));
  EXPECT_EQ(there["engine"], "postgresql");
  EXPECT_EQ(here["engine"], "duckdb");
  for (const char* key : {"persons", "research_persons", "rows"}) EXPECT_EQ(there[key], here[key]);

  std::ofstream(folder_ / "study.toml") << CohortStudy("Response");
  const std::string study = (folder_ / "study.toml").string();
  const Ending table = Run("site table " + study + " --json --site " + site.string());
  ASSERT_EQ(table.code, 0) << table.errors;
  EXPECT_EQ(table.out, Run("site table " + study + " --json --site " + own).out);
  EXPECT_NE(Run("site table " + study + " --sql --site " + site.string())
                .out.find("JOIN \"omop\".\"clinnova_person\""),
            std::string::npos);

  for (const std::string& command : {"site import " + study, std::string("site map"),
                                     std::string("site vocabulary search crp")}) {
    const Ending refused = Run(command + " --site " + site.string());
    EXPECT_EQ(refused.code, 2) << command;
    EXPECT_NE(refused.errors.find("is not there yet for a CDM on PostgreSQL"), std::string::npos)
        << refused.errors;
  }
  EXPECT_FALSE(fs::exists(site / "cdm.duckdb"));
}

TEST_F(PostgresStudy, MirrorsTheSitesCdmSoThatItCanBeAttached) {
  const std::string own = (folder_ / "site0").string();
  const std::string mirror = "site mirror --json --site " + own + ToCopy();
  for (int again = 0; again < 2; ++again) {
    const Ending mirrored = Run(mirror);
    ASSERT_EQ(mirrored.code, 0) << mirrored.errors;
    EXPECT_EQ(nlohmann::json::parse(mirrored.out)["rows"]["person"], 150);
    EXPECT_EQ(nlohmann::json::parse(mirrored.out)["written"].empty(), again == 1);
  }
  const Ending others = Run("site mirror --site " + own + " --connection '" +
                            server_->Connection("owner") + "' --schema omop");
  EXPECT_EQ(others.code, 2);
  EXPECT_NE(others.errors.find("no copy of Clinnova's"), std::string::npos) << others.errors;
  const fs::path site = folder_ / "attached";
  const Ending attached = AttachCopy(site);
  ASSERT_EQ(attached.code, 0) << attached.errors;
  std::ofstream(folder_ / "study.toml") << CohortStudy("Response");
  const std::string look = "site table " + (folder_ / "study.toml").string() + " --json --site ";
  const std::string before = Run(look + own).out;
  EXPECT_EQ(Run(look + site.string()).out, before);

  // Corrected files of the same patients; the copy is killed at its last table, and made again.
  Import(0, 31);
  const std::string after = Run(look + own).out;
  ASSERT_NE(before, after);
  auto locker = store::Postgres::Connect(server_->Connection("owner"));
  auto watcher = store::Postgres::Connect(server_->Connection("owner"));
  ASSERT_TRUE(locker.has_value() && watcher.has_value());
  ASSERT_TRUE(locker->Execute("BEGIN; LOCK TABLE copy.research_person IN EXCLUSIVE MODE"));
  const pid_t killed = Start(mirror);
  const auto waiting = [&] {
    return watcher->QueryInt64("SELECT count(*) FROM pg_locks WHERE NOT granted").value_or(0) > 0;
  };
  for (int tick = 0; tick < 1200 && !waiting(); ++tick)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  ASSERT_TRUE(waiting());
  EXPECT_EQ(Run(look + site.string()).out, before) << "what is half made is not seen";
  ::kill(killed, SIGKILL);
  int status = 0;
  ::waitpid(killed, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_TRUE(locker->Execute("ROLLBACK"));
  EXPECT_EQ(Run(look + site.string()).out, before);
  const Ending mirrored = Run(mirror);
  ASSERT_EQ(mirrored.code, 0) << mirrored.errors;
  EXPECT_TRUE(nlohmann::json::parse(mirrored.out)["written"].is_array());
  EXPECT_EQ(Run(look + site.string()).out, after);
}

TEST_F(PostgresStudy, AttachesNothingThatAStudyCannotRunOn) {
  const fs::path site = folder_ / "attached";
  const Ending own = Attach(folder_ / "site0");
  EXPECT_EQ(own.code, 2);
  EXPECT_NE(own.errors.find("this site has a CDM of its own"), std::string::npos) << own.errors;
  server_->Do("ALTER TABLE omop.measurement DROP COLUMN measurement_date");
  const Ending column = Attach(site);
  EXPECT_EQ(column.code, 2);
  EXPECT_EQ(column.errors,
            "clinnova: PostgreSQL: the CDM is not as expected: column "
            "omop.measurement.measurement_date is not there\n");
  std::ofstream(server_->folder() / "pgpass") << "*:*:*:*:wrong\n";
  const Ending password = Attach(site);
  EXPECT_EQ(password.code, 1);
  EXPECT_NE(password.errors.find("password authentication failed"), std::string::npos)
      << password.errors;
  server_->Stop();
  const Ending away = Attach(site);
  EXPECT_EQ(away.code, 4);
  EXPECT_FALSE(fs::exists(site));
}

}  // namespace
}  // namespace clinnova::network
