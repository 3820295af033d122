"""python evaluate.py --run run      prints the table of held-out scores and writes run/evaluation.json"""
from any_to_any_training.evaluate.run import main

if __name__ == "__main__":
    main()
