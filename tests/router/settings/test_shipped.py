from router.settings.shipped import config_file, config_folder, shipped_files


def test_the_folder_holds_the_catalogue():
    """The shipped folder is found, in a checkout as in a wheel."""
    assert (config_folder() / "catalog.yaml").is_file()
    assert config_file("tierwise.yaml").is_file()


def test_every_routing_file_is_listed():
    """All shipped routing files are listed, the catalogue is not one of them, the examples come last."""
    names = [path.name for path in shipped_files()]
    assert {"tierwise.yaml", "demo.yaml", "simulated.yaml", "agents.yaml", "eu_only.yaml"} <= set(names)
    assert {"vllm.yaml", "local.yaml"} <= set(names)
    assert "catalog.yaml" not in names
    assert shipped_files()[-1].parent.name == "examples"
