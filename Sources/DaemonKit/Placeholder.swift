import ArgumentParser
import Configuration
import Hummingbird
import Mustache

enum P {}
