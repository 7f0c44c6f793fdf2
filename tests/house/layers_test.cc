// SPDX-License-Identifier: Apache-2.0
// The layer check over the repository, and over trees with one planted fault each: a check that was
// never seen to fail proves nothing.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "house/house_rules.h"

namespace clinnova::house {
namespace {

namespace fs = std::filesystem;
using testing::Test;

constexpr std::string_view kSpdx = "// SPDX-License-Identifier: Apache-2.0\n";

/// A small sound house of three rooms in a temporary folder: core < table < web.
class PlantedTree : public Test {
 protected:
  void SetUp() override {
    root_ =
        fs::temp_directory_path() / ("clinnova_layers_" + std::to_string(::getpid()) + "_" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    Write("CMakeLists.txt", "foreach(room core table # lowest first\n  web)\nendforeach()\n");
    Write("src/core/CMakeLists.txt", "clinnova_room(NAME core SOURCES error.cc)\n");
    Write("src/core/error.h", std::string(kSpdx) + "#pragma once\n#include <string>\n");
    Write("src/core/error.cc", std::string(kSpdx) + "#include \"core/error.h\"\n");
    Write("src/table/CMakeLists.txt", "clinnova_room(\n  NAME table\n  DEPS core)\n");
    Write("src/table/formula.h", std::string(kSpdx) + "#include \"core/error.h\"\n");
    Write("src/web/CMakeLists.txt", "clinnova_room(NAME web DEPS table)\n");
    Write("src/web/page.h", std::string(kSpdx) + "#include \"table/formula.h\"\n");
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  /// The complaints of the tree, one per line.
  std::string Complaints() const {
    std::string all;
    for (const Complaint& complaint : CheckHouse(root_)) all += Text(complaint) + "\n";
    return all;
  }

  fs::path root_;
};

TEST_F(PlantedTree, PassesAsItIs) { EXPECT_EQ(Complaints(), ""); }

TEST_F(PlantedTree, RefusesAnUpwardInclude) {
  Write("src/core/error.h", std::string(kSpdx) + "\n#  include \"web/page.h\"\n");
  const std::string found = Complaints();
  EXPECT_NE(found.find("src/core/error.h:3: includes web/page.h: core is below web\n"),
            std::string::npos)
      << found;
}

TEST_F(PlantedTree, RefusesARoomThatDepsDoesNotName) {
  Write("src/web/page.h", std::string(kSpdx) + "#include <core/error.h>\n");
  EXPECT_EQ(Complaints(),
            "src/web/page.h:2: includes core/error.h: core is not in the DEPS of "
            "src/web/CMakeLists.txt\n");
}

TEST_F(PlantedTree, RefusesDepsThatPointUpward) {
  Write("src/core/CMakeLists.txt", "clinnova_room(NAME core SOURCES error.cc DEPS web)\n");
  EXPECT_EQ(Complaints(),
            "src/core/CMakeLists.txt: DEPS names web, which is not a room below core\n");
}

TEST_F(PlantedTree, TakesALibraryOfARoomForTheRoom) {
  Write("src/table/CMakeLists.txt",
        "clinnova_room(NAME terms DEPS core)\nclinnova_room(NAME table DEPS terms core)\n");
  Write("src/web/CMakeLists.txt", "clinnova_room(NAME web DEPS terms)\n");
  EXPECT_EQ(Complaints(), "");
}

TEST_F(PlantedTree, RefusesACycleWithinARoom) {
  Write("src/core/a.h", std::string(kSpdx) + "#include \"core/b.h\"\n");
  Write("src/core/b.h", std::string(kSpdx) + "#include \"core/a.h\"\n");
  EXPECT_EQ(Complaints(), "src/core/a.h: includes itself: core/a.h -> core/b.h -> core/a.h\n");
}

TEST_F(PlantedTree, RefusesAnIncludeOutsideTheRooms) {
  Write("src/core/error.h", std::string(kSpdx) + "#include \"../table/formula.h\"\n");
  EXPECT_EQ(Complaints(),
            "src/core/error.h:2: includes \"../table/formula.h\", which is in no room\n");
  Write("src/core/error.h", std::string(kSpdx) + "#include \"wire.pb.h\"\n");
  EXPECT_EQ(Complaints(), "");
}

TEST_F(PlantedTree, RefusesASourceThatIsNotBuilt) {
  Write("src/core/lost.cc", std::string(kSpdx));
  EXPECT_EQ(Complaints(),
            "src/core/lost.cc: named in no CMakeLists.txt of its room: it is not built\n");
}

TEST_F(PlantedTree, RefusesAFileWithoutItsLicenceLine) {
  Write("src/core/error.h", "#pragma once\n");
  EXPECT_EQ(Complaints(),
            "src/core/error.h:1: the first line lacks \"SPDX-License-Identifier: Apache-2.0\"\n");
}

TEST_F(PlantedTree, RefusesLongFilesAndWarnsOfLongish) {
  Write("src/core/error.h", std::string(kSpdx) + std::string(599, '\n'));
  EXPECT_EQ(Complaints(), "src/core/error.h: warning: 600 lines, better at most 450\n");
  Write("src/core/error.h", std::string(kSpdx) + std::string(600, '\n'));
  EXPECT_EQ(Complaints(), "src/core/error.h: 601 lines, expected at most 600\n");
}

TEST_F(PlantedTree, RefusesNamesOfNothing) {
  Write("src/core/string_util.h", std::string(kSpdx));
  Write("src/core/common/x.h", std::string(kSpdx));
  Write("src/core/utility_of_treatment.h", std::string(kSpdx));
  EXPECT_EQ(Complaints(),
            "src/core/common/x.h: named \"common\": name the concept instead\n"
            "src/core/string_util.h: named \"util\": name the concept instead\n");
}

TEST_F(PlantedTree, RefusesAFolderThatIsNoRoom) {
  Write("src/attic/old.h", std::string(kSpdx));
  EXPECT_EQ(Complaints(), "src/attic/old.h: not in a room of the root CMakeLists.txt\n");
}

TEST_F(PlantedTree, RefusesATreeWithoutRooms) {
  Write("CMakeLists.txt", "project(clinnova)\n");
  EXPECT_NE(Complaints(), "");
}

TEST(Layers, HoldInThisRepository) {
  for (const Complaint& complaint : CheckHouse(CLINNOVA_SOURCE_DIR)) {
    if (complaint.severity == Severity::kWarning) {
      std::cout << Text(complaint) << '\n';
    } else {
      ADD_FAILURE() << Text(complaint);
    }
  }
}

TEST(Layers, OrderIsReadFromTheBuild) {
  const std::vector<std::string> rooms = RoomOrder("foreach(x a)\nforeach(room core table\n web)");
  EXPECT_EQ(rooms, (std::vector<std::string>{"core", "table", "web"}));
}

TEST(Layers, DepsAreReadFromTheRoomsCalls) {
  const std::string_view lists =
      "clinnova_room(NAME x SOURCES a.cc # DEPS web\n DEPS core table)\n"
      "clinnova_program(NAME y DEPS store LIBRARIES z)\n"
      "target_link_libraries(x DEPS cli)";
  EXPECT_EQ(RoomWords(lists, "DEPS"), (std::set<std::string>{"core", "table", "store"}));
  EXPECT_EQ(RoomWords(lists, "NAME"), (std::set<std::string>{"x", "y"}));
}

}  // namespace
}  // namespace clinnova::house
