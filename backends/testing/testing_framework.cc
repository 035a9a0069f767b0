// Stands for a framework that a plugin is linked to.
extern "C" int ember_testing_framework() { return 7; }
